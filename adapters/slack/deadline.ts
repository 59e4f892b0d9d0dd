/**
 * What `work` comes to, or the rejection of a deadline that passes first. The work goes on where it does not hear of the signal
 * itself: a store's answer, or undici's request until it has a connection.
 */
export function within<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(deadline.reason);
    deadline.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => deadline.removeEventListener('abort', late));
    if (deadline.aborted) late();
  });
}
