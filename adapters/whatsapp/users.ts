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
  const user = await lookUp(who, aliases, onNewOwner);
  const { number, bsuid } = who;
  if (bsuid === undefined) return user;
  await aliases.set(bsuid, user.key);
  // Begun without a number: what later comes with the number alone (a failed status) belongs here too.
  if (number !== undefined && user.key !== number) await aliases.set(number, user.key);
  return user;
}

/**
 * The same, and nothing is kept of it: for old news, by which nobody who was forgotten meanwhile is remembered, and nobody is taken
 * for the new owner of a number.
 */
export async function lookUp(
  who: Who,
  aliases: Aliases,
  onNewOwner: OnNewOwner = async () => undefined,
): Promise<User> {
  const { number, bsuid } = who;
  if (bsuid === undefined) return userOf((await aliases.get(number ?? '')) ?? number ?? '', who);
  const known = await knownBy(bsuid, aliases);
  const key = number === undefined ? (known ?? bsuid) : await keyWith(number, bsuid, known, aliases, onNewOwner);
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

/**
 * Whose conversation a number with an id leads to: the id's own where it has one (`known`), be it from before they had the number.
 * Whoever else had it until now is told of. An id seen for the first time beside a number is no news.
 */
async function keyWith(
  number: string,
  bsuid: string,
  known: string | undefined,
  aliases: Aliases,
  onNewOwner: OnNewOwner,
): Promise<string> {
  if (known === number) return known;
  const remembered = await aliases.get(number);
  if (known !== undefined && known === remembered) return known;
  const recorded = await aliases.recorded(number);
  const same = recorded.find(({ user, isAlso }) => user === known || isAlso(bsuid) === true);
  if (same !== undefined) return known ?? same.user;
  const others = new Set(recorded.filter(isSomebodyElse(bsuid)).map(({ user }) => user));
  if (remembered !== undefined && remembered !== number) others.add(remembered);
  if (others.size === 0) return known ?? recorded[0]?.user ?? number;
  for (const key of new Set([...others, ...recorded.map(({ user }) => user)]))
    await onNewOwner(userOf(key, { number }));
  return known ?? bsuid;
}

function isSomebodyElse(bsuid: string): (user: NamedUser) => boolean {
  return ({ isAlso }) => isAlso(bsuid) === false;
}

function userOf(key: string, { number, bsuid }: Who): User {
  const known = number ?? (/^\d+$/.test(key) ? key : undefined);
  return { key, ...(known !== undefined && { number: known }), ...(bsuid !== undefined && { bsuid }) };
}
