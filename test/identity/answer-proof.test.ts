import { randomInt, randomUUID } from 'node:crypto';
import { type CodeMessage, codeProof, sendCode } from '../../bot/identity/one-time-code.js';
import type { Asker } from '../../bot/identity/proof.js';
import { answerProofContract } from './answer-proof-contract.js';
import { onPglite } from './stores.js';

/** A code that is sent as it is in the app, by way of the outbox; only the phone is a list. */
answerProofContract('one-time code', async () => {
  const store = await onPglite();
  const phone: CodeMessage[] = [];
  const operatorOf = async (number: string) => (number.startsWith('6012') ? 'digi' : undefined);
  const send = async (message: CodeMessage) => void phone.push(message);
  const proof = codeProof(store.ledger, async (promise) => {
    const item = await store.ledger.outboxItem(promise);
    await sendCode({ ledger: store.ledger, operatorOf, send }, item?.subject ?? '');
  });
  const digits = () => String(randomInt(10_000_000, 99_999_999));
  return {
    proof,
    asker: (): Asker => ({
      channel: 'slack',
      workspace: 'T1',
      user: randomUUID(),
      conversationId: 'slack-1',
      language: 'en',
    }),
    number: () => `6012${digits()}`,
    nobodys: () => `6013${digits()}`,
    answerFor: async (_asker, number) => phone.findLast((message) => message.number === number)?.code ?? '',
    close: () => store.close(),
  };
});
