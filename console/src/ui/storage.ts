/** What the page remembers in this browser. Storage may be forbidden; then it remembers nothing. */
export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(`refill.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`refill.${name}`, value);
  } catch {
    // Nothing to do: the choice holds until the page is closed.
  }
}
