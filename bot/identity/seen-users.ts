import { createHash, randomBytes } from 'node:crypto';
import type { ChatUser } from '../domain/chat-user.js';

/** An entry of the same user, further up. */
export interface SeenBefore {
  readonly line: number;
  /** Whether it said the same. */
  readonly same: boolean;
}

/** Two words of the user's fingerprint, two of what was said, and the line. */
const WORDS = 5;
const FIRST_SLOTS = 1 << 12;
/** Fuller, and looking somebody up takes long. */
const FULL = 0.6;

/**
 * Which users a file named so far, on which line, and what it said of them: fingerprints only, 20 to 70 bytes a user, so that a
 * million of them fit. Two users share a fingerprint of 64 bits once in some ten million files of a million lines; then the file
 * is refused. The fingerprints are salted anew each time: no file can be made that does so.
 */
export class SeenUsers {
  readonly #salt = randomBytes(16);
  #slots = new Uint32Array(FIRST_SLOTS * WORDS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The earlier entry of this user; `undefined` for a new one, who is known from now on. `line` is 1 or more. */
  add({ channel, workspace, user }: ChatUser, says: string, line: number): SeenBefore | undefined {
    const print = [...this.#print(JSON.stringify([channel, workspace, user])), ...this.#print(says), line];
    const at = this.#find(print);
    const before = this.#slots[at + 4] ?? 0;
    if (before > 0)
      return { line: before, same: print.slice(2, 4).every((word, n) => this.#slots[at + 2 + n] === word) };
    this.#slots.set(print, at);
    this.#count++;
    if (this.#count * WORDS > this.#slots.length * FULL) this.#grow();
    return undefined;
  }

  #print(text: string): [number, number] {
    const digest = createHash('sha256').update(this.#salt).update(text).digest();
    return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
  }

  /** Where this user is, or may be put. */
  #find([one = 0, two = 0]: readonly number[] | Uint32Array): number {
    const slots = this.#slots;
    let at = (one % (slots.length / WORDS)) * WORDS;
    while (slots[at + 4] !== 0 && (slots[at] !== one || slots[at + 1] !== two)) at = (at + WORDS) % slots.length;
    return at;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += WORDS) {
      const entry = before.subarray(at, at + WORDS);
      if (entry[4] !== 0) this.#slots.set(entry, this.#find(entry));
    }
  }
}
