import type { AccessLedger, SigningKey } from '../../bot/ledger/access.js';

type Keys = Pick<AccessLedger, 'signingKeys' | 'addSigningKey' | 'removeSigningKeysBefore'>;

/** The part of the ledger that holds keys, in memory: for tests of tokens, not of the ledger. */
export function keysInMemory(now: () => number = Date.now): AccessLedger & { keys: SigningKey[]; reads: number } {
  const memory: Keys & { keys: SigningKey[]; reads: number } = {
    keys: [],
    reads: 0,
    async signingKeys() {
      memory.reads++;
      return memory.keys;
    },
    async addSigningKey({ signsInMs, ...key }) {
      if (memory.keys.some(({ generation }) => generation === key.generation)) return false;
      memory.keys.push({ ...key, createdAt: new Date(now()), signsFrom: new Date(now() + signsInMs) });
      return true;
    },
    async removeSigningKeysBefore(first) {
      memory.keys = memory.keys.filter(({ generation }) => generation >= first);
    },
  };
  return memory as AccessLedger & typeof memory;
}
