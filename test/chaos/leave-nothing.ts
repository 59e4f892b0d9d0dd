const undoings = new Set<() => void>();

process.once('exit', () => {
  for (const undo of [...undoings].reverse()) undo();
});

/** `undo` runs when this process ends, however it ends short of a `kill -9`; or now, by what is returned. Once. */
export function leaveNothing(undo: () => void): () => void {
  undoings.add(undo);
  return () => {
    if (undoings.delete(undo)) undo();
  };
}
