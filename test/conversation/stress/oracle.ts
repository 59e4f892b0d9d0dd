/** What the log of a run says against the mailbox. All but `repeated` must be empty. */
export interface Verdict {
  /** Taken by `deliver`, and no turn ran to its end. */
  readonly lost: string[];
  /** The first turn of a message began before the first turn of the one its producer sent before it. */
  readonly disordered: string[];
  /** Two turns of one conversation at once, both in living processes. */
  readonly parallel: string[];
  /** The session did not continue the one the turn before it saved. */
  readonly gaps: string[];
  readonly dead: string[];
  /** Turns that ran to their end more than once: a kill between a turn's effects and its acknowledgement. */
  readonly repeated: string[];
  readonly taken: number;
}

/**
 * Judges a log of `taken | start | end | gap | dead <pid> <conversation> <producer> <sequence>` and `killed <pid>`. All
 * processes append to one file, so the order of its lines is the order in which things happened.
 */
export function judge(log: string): Verdict {
  const verdict = { lost: [], disordered: [], parallel: [], gaps: [], dead: [], repeated: [] } as Record<
    string,
    string[]
  >;
  const add = (kind: Exclude<keyof Verdict, 'taken'>, what: string) => verdict[kind]?.push(what);
  const running = new Map<string, string>();
  const newest = new Map<string, number>();
  const taken = new Set<string>();
  const ended = new Set<string>();
  for (const line of log.trim().split('\n')) {
    const [kind, pid = '', conversation = '', producer = '', sequence = ''] = line.split(' ');
    const message = `${conversation} ${producer} ${sequence}`;
    if (kind === 'taken') taken.add(message);
    if (kind === 'gap') add('gaps', message);
    if (kind === 'dead') add('dead', message);
    if (kind === 'killed') for (const [where, who] of running) if (who === pid) running.delete(where);
    if (kind === 'start') {
      if (running.has(conversation)) add('parallel', message);
      running.set(conversation, pid);
      const lane = `${conversation} ${producer}`;
      const last = newest.get(lane) ?? 0;
      if (Number(sequence) > last + 1) add('disordered', message);
      newest.set(lane, Math.max(last, Number(sequence)));
    }
    if (kind === 'end') {
      if (ended.has(message)) add('repeated', message);
      ended.add(message);
      if (running.get(conversation) === pid) running.delete(conversation);
    }
  }
  for (const message of taken) if (!ended.has(message)) add('lost', message);
  return { ...(verdict as unknown as Omit<Verdict, 'taken'>), taken: taken.size };
}
