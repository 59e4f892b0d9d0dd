/** The same words in several languages, as telcos send plan names. `language` is a BCP 47 tag, as sloppy as it came. */
export interface MultilingualText {
  readonly language: string;
  readonly text: string;
}

/**
 * The best text for the languages `wanted`, most wanted first, by BCP 47 look-up (RFC 4647 section 3.4): for each the tag
 * itself, then ever shorter prefixes of it, then any text of the same language; then the same for English, then the first
 * text there is. `undefined` when there is none.
 */
export function pickText(texts: readonly MultilingualText[], ...wanted: readonly string[]): string | undefined {
  if (texts.length > 1) {
    for (const tag of [...wanted, 'en']) {
      const found = lookUp(texts, tag);
      if (found !== undefined) return found;
    }
  }
  return texts.find(isWritten)?.text;
}

function lookUp(texts: readonly MultilingualText[], wanted: string): string | undefined {
  const subtags = normalise(wanted).split('-');
  for (let length = subtags.length; length > 0; length--) {
    const tag = subtags.slice(0, length).join('-');
    const found = texts.find((candidate) => normalise(candidate.language) === tag && isWritten(candidate));
    if (found !== undefined) return found.text;
  }
  return texts.find((candidate) => normalise(candidate.language).split('-')[0] === subtags[0] && isWritten(candidate))
    ?.text;
}

function isWritten({ text }: MultilingualText): boolean {
  return text.trim() !== '';
}

function normalise(tag: string): string {
  return tag.trim().replaceAll('_', '-').toLowerCase();
}
