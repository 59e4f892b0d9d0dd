import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createMillom } from '../../adapters/millom/index.js';
import { linkedIdentity } from '../../bot/identity/linked.js';
import { numberOwner } from '../../bot/identity/number-owner.js';
import { sendCode } from '../../bot/identity/one-time-code.js';
import { type Telco, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { onPglite } from './stores.js';

const CREDENTIALS = { clientId: 'c', clientSecret: 's' };
let millom: Sandbox;
let telco: Telco;
beforeAll(async () => {
  millom = await startSandbox(CREDENTIALS);
  const { url: baseUrl, tokenUrl } = millom;
  telco = createMillom({ ...CREDENTIALS, baseUrl, tokenUrl, serviceProvider: 'refill' });
});
afterAll(async () => {
  await telco?.close();
  await millom?.close();
});

test('a number is whose the telco says it is; one it does not know is nobody’s', async () => {
  const whose = numberOwner(telco, 'digi');
  expect(await whose(millom.ensure('daniel~owner').msisdn)).toBe('digi');
  expect(await whose('60129999999')).toBeUndefined();
  // Of another operator.
  expect(await whose(millom.ensure('amina~owner').msisdn)).toBeUndefined();
});

test('while the telco cannot say, a number is neither ours nor nobody’s, and that is not remembered', async () => {
  const whose = numberOwner(telco, 'digi');
  const { msisdn } = millom.ensure('daniel~silent');
  millom.addFault({ kind: '5xx-before', times: 50, operation: 'accountInfo' });
  await expect(whose(msisdn)).rejects.toBeInstanceOf(TelcoUnreachable);
  millom.clearFaults();
  expect(await whose(msisdn)).toBe('digi');
});

test.each([
  ['invalid-number', undefined],
  ['bad-request', undefined],
  ['roaming', 'digi'],
  ['opted-out', 'digi'],
] as const)('a telco that refuses for %s knows whose the number is', async (reason, operator) => {
  let asked = 0;
  const refuses = {
    account: async () => {
      asked++;
      throw new TelcoRefused(reason);
    },
  };
  const whose = numberOwner(refuses, 'digi');
  expect(await whose('60123456789')).toBe(operator);
  expect(await whose('60123456789')).toBe(operator);
  expect(asked).toBe(1);
});

test.each(['not-allowed', 'unspecified', 'too-many-requests', 'unavailable'] as const)(
  'a telco that refuses for %s said nothing of the number',
  async (reason) => {
    const refused = new TelcoRefused(reason);
    const whose = numberOwner({ account: () => Promise.reject(refused) }, 'digi');
    await expect(whose('60123456789')).rejects.toBe(refused);
  },
);

test('a code goes to a number only once the telco knows it, and the try counts all the same', async () => {
  const { ledger, close } = await onPglite();
  const sent: string[] = [];
  const work = {
    ...{ ledger, operatorOf: numberOwner(telco, 'digi') },
    send: async ({ number }: { number: string }) => void sent.push(number),
  };
  const ask = (user: string, number: string) =>
    ledger.askForCode({
      who: { channel: 'slack', workspace: 'T', user },
      ...{ conversationId: `slack-${user}`, number, language: 'en' },
    });
  const idOf = (asked: Awaited<ReturnType<typeof ask>>) => (asked.outcome === 'asked' ? asked.id : 'limited');
  for (let n = 0; n < 3; n++) await sendCode(work, idOf(await ask('U1', '60129999998')));
  expect(sent).toEqual([]);
  expect(await ask('U1', '60129999998')).toMatchObject({ outcome: 'limited' });
  const { msisdn } = millom.ensure('daniel~code');
  const id = idOf(await ask('U2', msisdn));
  millom.addFault({ kind: '5xx-before', times: 50, operation: 'accountInfo' });
  await expect(sendCode(work, id)).rejects.toBeInstanceOf(TelcoUnreachable);
  expect(sent).toEqual([]);
  millom.clearFaults();
  await sendCode(work, id);
  expect(sent).toEqual([msisdn]);
  await close();
}, 30_000);

test('while the telco cannot say, WhatsApp’s own number is linked to nobody, and the chat goes on', async () => {
  const { ledger, close } = await onPglite();
  let silent = true;
  const operatorOf = async () => {
    if (silent) throw new TelcoUnreachable('away');
    return 'digi';
  };
  const identity = linkedIdentity({ ledger, methods: new Set(['whatsapp']), operatorOf, youngForMs: 0 });
  const origin = { channel: 'whatsapp', workspace: 'W1', user: '60123456783', address: '' };
  expect(await identity.resolve(origin)).toBeUndefined();
  expect(await ledger.linkedUser(origin)).toBeUndefined();
  silent = false;
  expect(await identity.resolve(origin)).toMatchObject({ line: { operator: 'digi' } });
  await close();
}, 30_000);
