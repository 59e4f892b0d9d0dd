/**
 * Shortens `text` to at most `max` UTF-16 code units (what every chat platform counts), the ellipsis included. Cuts only
 * between grapheme clusters, so an emoji or an accented letter is kept whole or dropped whole, and closes every direction
 * isolate the cut left open.
 */
export function clip(text: string, max: number, ellipsis = '…'): string {
  if (text.length <= max) return text;
  if (max <= ellipsis.length) return ellipsis.slice(0, Math.max(0, max));
  for (let reserve = ellipsis.length; reserve < max; reserve++) {
    const kept = text.slice(0, boundary(text, max - reserve)).trimEnd();
    const closed = kept + ellipsis + POP.repeat(openIsolates(kept));
    if (closed.length <= max) return closed;
  }
  return ellipsis;
}

/** The same with a limit in grapheme clusters: what a person would count. */
export function clipGraphemes(text: string, max: number, ellipsis = '…'): string {
  if (text.length <= max) return text;
  let count = 0;
  for (const { index } of segmenter.segment(text)) {
    if (count++ === max) return clip(text, Math.max(index, ellipsis.length), ellipsis);
  }
  return text;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const POP = '\u2069';
/** More context than any real cluster needs to find where it starts. */
const LOOKAHEAD = 64;

/** The last grapheme boundary at or before `at`; a cluster longer than the whole limit is cut between code points. */
function boundary(text: string, at: number): number {
  const start = segmenter.segment(text.slice(0, at + LOOKAHEAD)).containing(at)?.index ?? at;
  if (start > 0) return start;
  const low = text.charCodeAt(at) & 0xfc00;
  return low === 0xdc00 ? at - 1 : at;
}

function openIsolates(text: string): number {
  let open = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x2066 && unit <= 0x2068) open++;
    else if (unit === 0x2069 && open > 0) open--;
  }
  return open;
}
