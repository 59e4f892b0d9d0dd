import { CANARIES } from './planted.js';

/** Sends one request and keeps what it was answered. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** What other systems send about links, signals, purchases and offers: right, wrong in a value, wrong in a name, and broken. */
export async function fromSystems(send: Send, token: string): Promise<void> {
  const call = async (method: 'POST' | 'DELETE', path: string, body: object | string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return (await send(path, { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })).status;
  };
  const statuses = [
    ...(await ofLinks(call)),
    ...(await ofSignals(call)),
    ...(await ofPurchases(call, send, token)),
    ...(await ofRichNotifications(call)),
  ];
  const wrong = statuses.filter(([, got, wanted]) => got !== wanted);
  if (wrong.length > 0) throw new Error(`answered otherwise: ${JSON.stringify(wrong)}`);
}

type Call = (method: 'POST' | 'DELETE', path: string, body: object | string) => Promise<number>;
type Statuses = Promise<readonly (readonly [what: string, got: number, wanted: number])[]>;

async function ofLinks(call: Call): Statuses {
  const user = { channel: 'slack', workspace: 'T1', user: CANARIES['user of the directory’s API'] };
  const link = { ...user, msisdn: CANARIES['number in the directory’s API'], operator: 'digi' };
  const bad = CANARIES['wrong number in the directory’s API'];
  const unknown = { [CANARIES['field of the directory’s API']]: bad };
  return [
    ['link', await call('POST', '/admin/links', { links: [link] }), 200],
    ['number too long', await call('POST', '/admin/links', { links: [{ ...link, msisdn: `${bad}00000` }] }), 422],
    ['number as operator', await call('POST', '/admin/links', { links: [{ ...link, operator: `+${bad}` }] }), 422],
    ['number as channel', await call('POST', '/admin/links', { links: [{ ...link, channel: bad }] }), 422],
    ['two numbers', await call('POST', '/admin/links', { links: [link, { ...link, msisdn: bad }] }), 422],
    ['number that is no text', await call('POST', '/admin/links', { links: [{ ...link, msisdn: Number(bad) }] }), 400],
    ['unknown field of a link', await call('POST', '/admin/links', { links: [{ ...link, ...unknown }] }), 400],
    ['unknown field', await call('POST', '/admin/links', { links: [link], ...unknown }), 400],
    ['broken', await call('POST', '/admin/links', `{"links": ${bad} x`), 400],
    ['number as user', await call('DELETE', '/admin/links', { users: [{ ...user, user: `${bad} x` }] }), 422],
    ['unknown field of a user', await call('DELETE', '/admin/links', { users: [{ ...user, ...unknown }] }), 400],
    ['broken', await call('DELETE', '/admin/links', `{"users": ${bad} x`), 400],
    ['user', await call('DELETE', '/admin/links', { users: [user] }), 200],
  ];
}

async function ofSignals(call: Call): Statuses {
  const line = { msisdn: CANARIES['number that is blocked'], operator: 'digi', reason: 'sim-swap' };
  const bad = CANARIES['wrong number that is blocked'];
  const each = async (path: string): Promise<(readonly [string, number, number])[]> => [
    [path, await call('POST', path, line), 200],
    [`${path}: number too long`, await call('POST', path, { ...line, msisdn: `${bad}00000` }), 422],
    [`${path}: number as operator`, await call('POST', path, { ...line, operator: `+${bad}` }), 422],
    [`${path}: number as reason`, await call('POST', path, { ...line, reason: bad }), 400],
    [`${path}: number as instant`, await call('POST', path, { ...line, at: bad }), 400],
    [`${path}: number that is no text`, await call('POST', path, { ...line, msisdn: Number(bad) }), 400],
    [`${path}: unknown field`, await call('POST', path, { ...line, [bad]: bad }), 400],
    [`${path}: broken`, await call('POST', path, `{"msisdn": ${bad} x`), 400],
  ];
  return [...(await each('/admin/links/block')), ...(await each('/admin/links/unblock'))];
}

async function ofPurchases(call: Call, send: Send, token: string): Statuses {
  const msisdn = CANARIES['number purchases are searched by'];
  const bad = CANARIES['wrong number purchases are searched by'];
  const field = CANARIES['field of the search'];
  const search = (body: object | string) => call('POST', '/purchases/search', body);
  const get = async (path: string) => (await send(path, { headers: { authorization: `Bearer ${token}` } })).status;
  return [
    ['search', await search({ msisdn: `+${msisdn}` }), 200],
    ['search at an operator', await search({ msisdn, operator: 'digi', confirmation: bad }), 200],
    ['search: number too long', await search({ msisdn: `${bad}00000` }), 400],
    ['search: number that is no text', await search({ msisdn: Number(bad) }), 400],
    ['search: number as operator', await search({ msisdn, operator: `+${bad}` }), 400],
    ['search: number as state', await search({ msisdn, state: bad }), 400],
    ['search: number as time', await search({ msisdn, from: bad }), 400],
    ['search: number as cursor', await search({ msisdn, cursor: bad }), 400],
    ['search: unknown field', await search({ msisdn, [field]: bad }), 400],
    ['search: broken', await search(`{"msisdn": ${bad} x`), 400],
    ['list: number in the address', await get(`/purchases?msisdn=${bad}`), 400],
    ['list: number as a name', await get(`/purchases?${field}=1`), 400],
    ['list: number as subscriber', await get(`/purchases?subscriber=${bad}`), 400],
    ['list: number as transaction', await get(`/purchases?transaction=${bad}`), 200],
    ['one: number as its id', await get(`/purchases/${bad}`), 404],
  ];
}

async function ofRichNotifications(call: Call): Statuses {
  const number = CANARIES['number in a rich notification'];
  const cpid = CANARIES['CPID in a rich notification'];
  const planName = [{ language: 'en', name: CANARIES['plan of a rich notification'] }];
  const link = `https://telco.example/rnf/refill/digi/${encodeURIComponent(cpid)}/buy?uuid=${number}`;
  const offer = { planId: number, planName, cost: '2.00', fundSource: 'WALLET', purchaseLink: link };
  const body = { cpid, offers: [offer], refresh: link, ping: link, shop: link };
  const result = { transactionId: CANARIES['number in a rich callback'], appId: 'refill', cpid };
  const telco = CANARIES['message of the telco'];
  return [
    ['rich', await call('POST', '/millom/rich-notifications', body), 404],
    [
      'rich: nobody',
      await call('POST', '/millom/rich-notifications', { ...body, cpid: undefined, [number]: cpid }),
      400,
    ],
    ['rich: a CPID that is none', await call('POST', '/millom/rich-notifications', { ...body, cpid: [cpid] }), 400],
    ['rich: offers that are none', await call('POST', '/millom/rich-notifications', { ...body, offers: cpid }), 404],
    ['rich: broken', await call('POST', '/millom/rich-notifications', `{"cpid": ${number} x`), 400],
    ['rich callback', await call('POST', '/millom/rich-callback', { ...result, message: telco }), 404],
    ['rich callback: failed', await call('POST', '/millom/rich-callback', { ...result, errorType: telco }), 404],
    ['rich callback: wrong', await call('POST', '/millom/rich-callback', { ...result, transactionId: [number] }), 400],
    ['rich callback: broken', await call('POST', '/millom/rich-callback', `{"transactionId": ${number} x`), 400],
  ];
}
