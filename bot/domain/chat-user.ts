/** One person on one channel. */
export interface ChatUser {
  readonly channel: string;
  /** Slack team id, Teams tenant id, WhatsApp phone number id; empty where a channel has none. */
  readonly workspace: string;
  /** The channel's own id of the person. */
  readonly user: string;
}

/** A list may name a WhatsApp user by their number though the platform names them by an id of its own. */
export function listedAs({
  channel,
  workspace,
  user,
  phone,
}: ChatUser & { readonly phone?: string | undefined }): ChatUser | undefined {
  return phone === undefined || phone === user ? undefined : { channel, workspace, user: phone };
}

/** What else the platform calls somebody: the number beside their id (`listedAs`), or its own id beside their number. */
export function otherName(
  who: ChatUser & { readonly phone?: string | undefined; readonly alias?: string | undefined },
): ChatUser | undefined {
  const { channel, workspace, user, alias } = who;
  return listedAs(who) ?? (alias === undefined || alias === user ? undefined : { channel, workspace, user: alias });
}

/** A person as every list spells them: Teams' GUIDs in either case are the same, and the web channel has no workspaces. */
export function asListed({ channel, workspace, user }: ChatUser): ChatUser {
  if (channel === 'teams') return { channel, workspace: workspace.toLowerCase(), user: user.toLowerCase() };
  return { channel, workspace: channel === 'web' ? '' : workspace, user };
}
