import { afterEach, describe, expect, test } from '@jest/globals';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Action, Block } from '../../bot/message/message.js';
import { House, until } from './house.js';
import { Phone } from './phone.js';

const HOUR_MS = 3_600_000;
const ADDRESS = '{"chat":"60123456789@c.us"}';
const CONVERSATION = 'whatsapp-601700000001-60123456789';
const said = (text: string) => text as Localized;

let house = new House();
afterEach(() => house.channel.close());

describe('what people write on WhatsApp Web', () => {
  test('is an event from their number, in Refill’s terms', async () => {
    house = new House();
    (await house.connected()).receives('text');
    expect(await house.event()).toEqual({
      id: '3EB0C767D097B7C2A4F1',
      kind: 'text',
      text: 'balance',
      at: expect.any(Number),
      saidAt: expect.any(Number),
      conversationId: CONVERSATION,
      from: { channel: 'whatsapp', workspace: '601700000001', user: '60123456789', address: ADDRESS },
    });
  });

  test('comes from the number behind a hidden id where WhatsApp tells it, and is answered where it came from', async () => {
    house = new House();
    const phone = await house.connected();
    phone.numbers.set('13491208655302@lid', '60123456789@c.us');
    phone.receives('text-hidden-number');
    const { from, conversationId } = await house.event();
    expect(from).toMatchObject({ user: '60123456789', address: '{"chat":"13491208655302@lid"}' });
    expect(conversationId).toBe(CONVERSATION);
  });

  test('comes from nobody’s number where WhatsApp does not tell it: the digits of a hidden id are no phone number', async () => {
    house = new House();
    (await house.connected()).receives('text-hidden-number');
    expect((await house.event()).from).toMatchObject({ user: '13491208655302@lid' });
  });

  test.each([
    ['image-with-caption', 'my bill'],
    ['image-without-media', ''],
    ['voice', ''],
    ['sticker', ''],
    ['location', ''],
    ['contact', '60129876543'],
    ['contact-outside-whatsapp', '+60 3-1234 5678'],
  ])('is understood as far as it can be: %s', async (name, text) => {
    house = new House();
    (await house.connected()).receives(name);
    expect(await house.event()).toMatchObject({ kind: 'text', text });
  });

  test.each<[string, string, string]>([
    ['WhatsApp’s own id of it', 'TEL;waid=60129876543:+60 12-987 6543', '60129876543'],
    ['types before the id', 'TEL;type=CELL;type=VOICE;waid=60129876543:+60 12-987 6543', '60129876543'],
    ['a group, and types after the id', 'item1.TEL;waid=60129876543;type=CELL:+60 12-987 6543', '60129876543'],
    ['small letters', 'tel;type=home:+60 3-1234 5678', '+60 3-1234 5678'],
    ['nothing but a number', 'TEL:+60 3-1234 5678', '+60 3-1234 5678'],
    ['TEL elsewhere', 'FN:HOTEL\nNOTE:TEL:1\nTEL:+60 3-1234 5678\nTEL:+60 3-9999 9999', '+60 3-1234 5678'],
    ['lines that end as in the RFC', 'FN:Mum\r\nTEL;TYPE=cell:+60 3-1234 5678\r\nEND:VCARD', '+60 3-1234 5678'],
    ['no number', 'EMAIL:tel@example.com', ''],
    ['no value and many ids', 'TELwaid=1'.repeat(4_000), ''],
    ['a name that is all ids', `TEL${';waid=1'.repeat(4_000)}`, ''],
    ['an endless group', `${'item.'.repeat(4_000)}TEL:1`, ''],
  ])('finds the number in a card with %s', async (_what, lines, text) => {
    house = new House();
    (await house.connected()).receives('contact', { body: `BEGIN:VCARD\nVERSION:3.0\n${lines}\nEND:VCARD` });
    expect(await house.event()).toMatchObject({ kind: 'text', text });
  });

  test.each(['group', 'status', 'broadcast', 'newsletter', 'encryption-notice', 'call', 'deleted', 'own'])(
    'gets no answer when it is not said to us: %s',
    async (name) => {
      house = new House();
      const phone = await house.connected();
      phone.receives(name);
      phone.emit('message', { id: 'what the library never sends' });
      phone.receives('text');
      await house.event();
      expect(house.events).toHaveLength(1);
    },
  );

  test('gets no answer when it comes a day late', async () => {
    house = new House();
    const phone = await house.connected();
    const now = Math.floor(Date.now() / 1000);
    phone.receives('text', { t: now - 25 * 3_600, body: 'old' });
    phone.receives('text', { t: now - 23 * 3_600, body: 'late' });
    expect(await house.event()).toMatchObject({ text: 'late' });
  });

  test('ends the alerts, and gets no answer, when it asks to stop and comes days late', async () => {
    house = new House();
    const phone = await house.connected();
    const t = Math.floor(Date.now() / 1000) - 72 * 3_600;
    house.storeFailures = 1;
    phone.receives('text', { t, body: 'Basta, darme de baja' });
    await until(() => house.optOuts.length > 0);
    expect(house.optOuts).toEqual([{ conversationId: CONVERSATION, how: 'whatsapp:said-stop', saidAt: t * 1000 }]);
    phone.receives('text', { body: 'balance' });
    expect(await house.event()).toMatchObject({ text: 'balance' });
  });

  test('waits for a store that is away, in order', async () => {
    house = new House();
    const phone = await house.connected();
    house.storeFailures = 1;
    phone.receives('text', { body: 'first' });
    phone.receives('text', { body: 'second' });
    await house.event(1);
    expect(house.events.map((event) => 'text' in event && event.text)).toEqual(['first', 'second']);
  });

  test('leaves no number in the log', async () => {
    house = new House();
    const phone = await house.connected();
    house.storeFailures = 1;
    for (const name of ['text', 'group', 'own']) phone.receives(name);
    await house.event();
    await expect(house.send('never-wrote', ADDRESS, { notice: { name: 'receipt', values: [] } })).rejects.toThrow();
    expect(JSON.stringify(house.logged)).not.toMatch(/60123456789|601700000001/);
  });
});

describe('an answer on WhatsApp Web', () => {
  const menu: { blocks: Block[]; actions: Action[] } = {
    blocks: [
      { type: 'heading', text: said('Offers') },
      {
        type: 'offers',
        offers: [{ title: said('*Super* 10 GB'), price: said('RM 5.00'), facts: [], action: 0 }],
      },
    ],
    actions: [
      { token: 'a~1', label: said('*Super* 10 GB'), style: 'primary' },
      { token: 'a~2', label: said('More offers'), style: 'default' },
    ],
  };

  test('is one text with a numbered menu; what a plan is called is literal', async () => {
    house = new House();
    const phone = await house.connected();
    await house.send(CONVERSATION, ADDRESS, menu);
    expect(phone.sent).toEqual([
      {
        chat: '60123456789@c.us',
        text: '*Offers*\n\n*1. ∗Super∗ 10 GB* – RM 5.00\n\n2. More offers\n\n_Reply with a number._',
      },
    ]);
  });

  test('has the hint in the message’s language, and none where there is nothing to choose', async () => {
    house = new House();
    const phone = await house.connected();
    await house.send(CONVERSATION, ADDRESS, { ...menu, language: 'es' });
    await house.send(CONVERSATION, ADDRESS);
    expect(phone.sent[0]?.text).toMatch(/\n\n_Responda con un número\._$/);
    expect(phone.sent[1]?.text).toBe('Hello');
  });

  test('is sent once, however often its turn is tried', async () => {
    house = new House();
    const phone = await house.connected();
    for (let tries = 0; tries < 3; tries++) await house.send(CONVERSATION, ADDRESS, {}, 'turn-1');
    await house.send(CONVERSATION, ADDRESS, {}, 'turn-2');
    expect(phone.sent).toHaveLength(2);
  });

  test('waits while there is no connection', async () => {
    house = new House();
    await house.open();
    await expect(house.send(CONVERSATION, ADDRESS)).rejects.toMatchObject({ code: 'CHANNEL_UNREACHABLE' });
    house.phone.connects();
    await house.send(CONVERSATION, ADDRESS);
    expect(house.phone.sent).toHaveLength(1);
  });

  test.each([
    ['the page is gone', new Error('Protocol error (Runtime.callFunctionOn): Target closed'), 'CHANNEL_UNREACHABLE'],
    ['the page threw a word', 'r', 'CHANNEL_UNREACHABLE'],
    ['nobody is there', new Error('No LID for user'), 'CHANNEL_REFUSED'],
    ['there is no such chat', 'nothing', 'CHANNEL_REFUSED'],
  ])('is tried again only where that may help: %s', async (_, trouble, code) => {
    house = new House();
    const phone = await house.connected();
    phone.trouble.push(trouble);
    await expect(house.send(CONVERSATION, ADDRESS, {}, 'turn-1')).rejects.toMatchObject({ code });
    await house.send(CONVERSATION, ADDRESS, {}, 'turn-1');
    expect(phone.sent).toHaveLength(1);
  });

  test('to a conversation that began on the Cloud transport is refused', async () => {
    house = new House();
    await house.connected();
    for (const address of ['{"to":"60123456789"}', 'not json']) {
      await expect(house.send(CONVERSATION, address)).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
      await house.channel.typing?.(CONVERSATION, address, 'event');
    }
  });

  test('is announced by a typing indicator', async () => {
    house = new House();
    await house.open();
    await house.channel.typing?.(CONVERSATION, ADDRESS, 'event');
    const phone = house.phone.connects();
    await house.channel.typing?.(CONVERSATION, ADDRESS, 'event');
    expect(phone.typing).toEqual(['60123456789@c.us']);
  });

  test('is reported on as WhatsApp reports; what others sent is not', async () => {
    house = new House();
    const phone = await house.connected();
    for (const ack of [0, 1, 2, 3, 4, -1, 9]) phone.acknowledges('own', ack);
    phone.acknowledges('text', 3);
    expect(house.deliveries.map(({ state }) => state)).toEqual(['sent', 'delivered', 'read', 'read', 'failed']);
    expect(house.deliveries[0]).toEqual({ channel: 'whatsapp', state: 'sent' });
  });

  test('is reported on by the id it was sent under', async () => {
    house = new House();
    const phone = await house.connected();
    await house.send(CONVERSATION, ADDRESS, {}, 'turn-1');
    phone.acknowledges('own', 3);
    expect(house.deliveries).toEqual([{ channel: 'whatsapp', state: 'read', id: 'turn-1' }]);
  });
});

describe('news nobody asked for', () => {
  const receipt = { notice: { name: 'receipt_completed', values: [] } };

  test('goes only to people who wrote within 24 hours', async () => {
    let now = Date.now();
    house = new House({ now: () => now });
    const phone = await house.connected();
    await expect(house.send(CONVERSATION, ADDRESS, receipt)).rejects.toMatchObject({ code: 'CHANNEL_AWAITS_USER' });
    phone.receives('text', { t: now / 1000 });
    await house.event();
    now += 24 * HOUR_MS - 1;
    await house.send(CONVERSATION, ADDRESS, receipt);
    now += 1;
    await expect(house.send(CONVERSATION, ADDRESS, receipt)).rejects.toMatchObject({ code: 'CHANNEL_AWAITS_USER' });
    expect(phone.sent).toHaveLength(1);
  });

  test('is never a nudge', async () => {
    house = new House();
    const phone = await house.connected();
    phone.receives('text');
    await house.event();
    const nudge = { notice: { name: 'nudge_low_data', values: [] } };
    await expect(house.send(CONVERSATION, ADDRESS, nudge)).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
    expect(phone.sent).toHaveLength(0);
  });
});

describe('the link to the phone', () => {
  test('begins with a warning that this is for trials', async () => {
    house = new House();
    await house.open();
    expect(house.logged[0]?.join()).toMatch(/for trials.*may ban the number/);
  });

  test('shows each QR code in the terminal and to the console, until it is scanned', async () => {
    house = new House();
    await house.open();
    house.phone.emit('qr', '2@first');
    house.phone.emit('qr', '2@second');
    expect(house.channel.state()).toEqual({ kind: 'pairing', qr: '2@second' });
    expect(house.printed).toMatch(/\[QR 2@first\]\n.*Linked devices[\s\S]*\[QR 2@second\]/);
    house.phone.connects();
    expect(house.channel.state()).toEqual({ kind: 'ready' });
    expect(JSON.stringify(house.logged)).not.toContain('2@');
  });

  test('is made anew with a new client after a loss, and the old one is closed and not listened to', async () => {
    house = new House();
    const first = await house.connected();
    first.emit('disconnected', 'TIMEOUT');
    first.emit('disconnected', 'TIMEOUT');
    expect(house.channel.state()).toMatchObject({ kind: 'waiting', why: 'TIMEOUT' });
    await until(() => house.phones.length === 2);
    expect(first.destroyed).toBe(1);
    house.phone.connects();
    first.receives('text', { body: 'ghost' });
    first.emit('qr', '2@ghost');
    house.phone.receives('text');
    expect(await house.event()).toMatchObject({ text: 'balance' });
    expect(house.channel.state()).toEqual({ kind: 'ready' });
    expect(house.alerts).toEqual([]);
  });

  test('is tried again ever more slowly while it fails, and a person is told once', async () => {
    house = new House();
    house.prepare = (phone) => {
      phone.failsToStart = new Error('net::ERR_NAME_NOT_RESOLVED at https://web.whatsapp.com/');
    };
    const waits: number[] = [];
    await house.open();
    await until(() => house.phones.length >= 7);
    for (const entry of house.logged) {
      const { retryMs, why } = entry[0] as { retryMs?: number; why?: string };
      if (retryMs === undefined) continue;
      waits.push(retryMs);
      expect(why).toBe('ERR_NAME_NOT_RESOLVED');
    }
    expect(waits.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 160]);
    expect(house.alerts).toEqual(['WHATSAPP_WEB_LOST']);
    expect(house.phones.every((phone) => phone.started === 1)).toBe(true);
  });

  test.each([
    ['LOGOUT', 'WHATSAPP_WEB_LOGOUT'],
    ['UNPAIRED', 'WHATSAPP_WEB_UNPAIRED'],
    ['TOS_BLOCK', 'WHATSAPP_WEB_TOS_BLOCK'],
  ])('that a person has to mend is an alert: %s', async (reason, alert) => {
    house = new House();
    (await house.connected()).emit('disconnected', reason);
    expect(house.alerts).toEqual([alert]);
  });

  test('whose saved session WhatsApp refuses is an alert, and asks for a new scan', async () => {
    house = new House();
    await house.open();
    house.phone.emit('auth_failure', 'Session restore failed for 60123456789');
    expect(house.alerts).toEqual(['WHATSAPP_WEB_AUTH_FAILURE']);
    await until(() => house.phones.length === 2);
    expect(JSON.stringify(house.logged)).not.toContain('60123456789');
  });

  test('closes its client and starts no other', async () => {
    house = new House();
    const phone = await house.connected();
    await house.channel.close();
    expect(phone.destroyed).toBe(1);
    phone.emit('disconnected', 'NAVIGATION');
    await new Promise((resolve) => setTimeout(resolve, 4 * 5));
    expect(house.phones).toHaveLength(1);
    expect(house.channel.state()).toEqual({ kind: 'closed' });
    await expect(house.send(CONVERSATION, ADDRESS)).rejects.toMatchObject({ code: 'CHANNEL_UNREACHABLE' });
  });

  test('closes also while it waits, and while it opens', async () => {
    house = new House();
    (await house.connected()).emit('disconnected', 'TIMEOUT');
    await house.channel.close();
    await new Promise((resolve) => setTimeout(resolve, 4 * 5));
    expect(house.phones).toHaveLength(1);

    let open: () => void = () => undefined;
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    const late = new Phone();
    const other = new House({ open: () => opening.then(() => late) });
    await other.mount();
    const closed = other.channel.close();
    open();
    await closed;
    expect(late.destroyed).toBe(1);
    expect(late.started).toBe(0);
  });
});
