import type { NamedUser } from '../../bot/ledger/ledger.js';
import type { Aliases } from './aliases.js';
import type { Who } from './parse.js';

/** One person, however they are named today. */
export interface User {
  /** Names their conversation: the id it began with, and it never changes. */
  readonly key: string;
  /** The number, where it is known: what a line is found by. */
  readonly number?: string;
  readonly bsuid?: string;
}

/** Told of whoever had a number until now, before anything is taken from its new owner. Rejects: nothing is taken. */
export type OnNewOwner = (former: User) => Promise<void>;

/**
 * Who this is. A number that Meta names is the key of a new conversation, else the business-scoped id is; later webhooks that
 * name only one of the two find the same conversation. A number does not stay with a person, the id does until they take another
 * number (CHANNELS.md "BSUID"): a known number with another id than it was seen with is somebody else, unless a `user_id_update`
 * said otherwise (`renamed`). They get a conversation of their own, under their id.
 */
export async function findUser(who: Who, aliases: Aliases, onNewOwner: OnNewOwner): Promise<User> {
  const { number, bsuid } = who;
  if (bsuid === undefined) return userOf((await aliases.get(number ?? '')) ?? number ?? '', who);
  const known = await knownBy(bsuid, aliases);
  const key = known ?? (number === undefined ? bsuid : await keyByNumber(number, bsuid, aliases, onNewOwner));
  await aliases.set(bsuid, key);
  // Begun without a number: what later comes with the number alone (a failed status) belongs here too.
  if (number !== undefined && key !== number) await aliases.set(number, key);
  return userOf(key, who);
}

/** Who was meant by a name that is out of use now; `undefined` for an id that nobody was known by. */
export async function findFormer({ number, bsuid }: Who, aliases: Aliases): Promise<User | undefined> {
  for (const id of [bsuid, number]) {
    if (id === undefined) continue;
    const [recorded] = await aliases.recorded(id);
    const key = (await aliases.get(id)) ?? recorded?.user;
    const named = number ?? recorded?.phone;
    if (key !== undefined) return userOf(key, { ...(named !== undefined && { number: named }) });
  }
  return number === undefined ? undefined : userOf(number, { number });
}

/** The same person with the same number has another id now. One that talked to us already stays whoever they are. */
export async function renamed({ key, number }: User, to: Who, aliases: Aliases): Promise<void> {
  if (to.bsuid === undefined || number === undefined || to.number !== number) return;
  if ((await knownBy(to.bsuid, aliases)) === undefined) await aliases.set(to.bsuid, key);
}

async function knownBy(bsuid: string, aliases: Aliases): Promise<string | undefined> {
  return (await aliases.get(bsuid)) ?? (await aliases.recorded(bsuid))[0]?.user;
}

/** Whose conversation a number leads to that comes with an id nobody was known by. An id seen for the first time is no news. */
async function keyByNumber(number: string, bsuid: string, aliases: Aliases, onNewOwner: OnNewOwner): Promise<string> {
  const [recorded, remembered] = [await aliases.recorded(number), await aliases.get(number)];
  const same = recorded.find(({ isAlso }) => isAlso(bsuid) === true);
  if (same !== undefined) return same.user;
  const others = new Set(recorded.filter(isSomebodyElse(bsuid)).map(({ user }) => user));
  if (remembered !== undefined && remembered !== number) others.add(remembered);
  if (others.size === 0) return recorded[0]?.user ?? number;
  for (const key of new Set([...others, ...recorded.map(({ user }) => user)]))
    await onNewOwner(userOf(key, { number }));
  return bsuid;
}

function isSomebodyElse(bsuid: string): (user: NamedUser) => boolean {
  return ({ isAlso }) => isAlso(bsuid) === false;
}

function userOf(key: string, { number, bsuid }: Who): User {
  const known = number ?? (/^\d+$/.test(key) ? key : undefined);
  return { key, ...(known !== undefined && { number: known }), ...(bsuid !== undefined && { bsuid }) };
}
