/** A fresh id for something said. Not `randomUUID`, which browsers keep from pages opened over plain HTTP on a local network. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
