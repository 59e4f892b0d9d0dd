import { type FileHandle, open } from 'node:fs/promises';
import { RefillError } from '../errors.js';

/** A file cannot be read, or is not what it should be; the message is for whoever named it. */
export class FileUnreadable extends RefillError {
  readonly code = 'FILE_UNREADABLE';
}

/** A text that is read more than once, a piece at a time. */
export interface TextFile {
  /** All of it, from the start; a byte order mark is dropped. Throws `FileUnreadable`, also for what is not UTF-8. */
  pieces(): AsyncIterable<string>;
  /** Whether somebody wrote to it since it was opened. */
  changed(): Promise<boolean>;
  close(): Promise<void>;
}

/** Throws `FileUnreadable`. */
export async function openTextFile(path: string): Promise<TextFile> {
  const unreadable = (cause: unknown) =>
    new FileUnreadable(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  const onceOnly = () => new FileUnreadable(`${path} can be read only once: save it as a file first`);
  const handle = await open(path).catch((cause: unknown) => {
    // A standard input that is a socket: Linux does not open those.
    throw (cause as NodeJS.ErrnoException).code === 'ENXIO' ? onceOnly() : unreadable(cause);
  });
  const state = async () => {
    const { size, mtimeMs } = await handle.stat();
    return `${size} ${mtimeMs}`;
  };
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw unreadable({ code: 'EISDIR' });
    // It is read once to be checked and once to be imported.
    if (!stat.isFile()) throw onceOnly();
    const opened = await state();
    return {
      pieces: () => decoded(handle, path, unreadable),
      changed: async () => (await state()) !== opened,
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* decoded(handle: FileHandle, path: string, unreadable: (cause: unknown) => Error) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const text = (bytes?: Uint8Array) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw new FileUnreadable(`${path} is not UTF-8 text: save it as "CSV UTF-8"`, { cause });
    }
  };
  const bytes = Buffer.alloc(65_536);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, at).catch((cause: unknown) => {
      throw unreadable(cause);
    });
    if (bytesRead === 0) break;
    at += bytesRead;
    yield text(bytes.subarray(0, bytesRead));
  }
  yield text();
}
