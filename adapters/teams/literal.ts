/** A part of an Adaptive Card (schema 1.5). */
export interface Element {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** How words look; what TextBlock and TextRun have in common. */
export interface Look {
  readonly size?: 'small' | 'medium' | 'large';
  readonly weight?: 'bolder';
  readonly color?: 'good' | 'warning' | 'attention' | 'accent';
  readonly isSubtle?: true;
}

/** Where they stand. */
export interface Layout {
  readonly spacing?: 'none' | 'small' | 'medium' | 'large';
  readonly horizontalAlignment?: 'right';
  /** Announced as a heading by screen readers. */
  readonly style?: 'heading';
}

/**
 * Anything a Markdown processor could take for markup, a link or an entity: the clients have several, each with ideas of its
 * own.
 */
const MARKUP = /[*_`~[\]<>\\#|@^]|&[#a-z]|:\/\/|www\.|\{\{|^\s|^[-+=]([\s-=]|$)|^\d+[.)](\s|$)/i;

/**
 * Words exactly as they are, one element per line. A TextBlock is Markdown, and Teams on phones ignores backslash escapes
 * (microsoft/AdaptiveCards#5590, #5758): words with markup in them become a RichTextBlock, whose runs are literal by the
 * schema. A plan called `*Super* [10](http://…)` is that on every client.
 */
export function literal(text: string, look: Look = {}, { style, ...layout }: Layout = {}): Element[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const place = index === 0 ? layout : { ...layout, spacing: 'small' };
    if (isPlain(line)) return { type: 'TextBlock', text: line, wrap: true, ...look, ...(style && { style }), ...place };
    return { type: 'RichTextBlock', inlines: [run(line, look)], ...place };
  });
}

export function isPlain(text: string): boolean {
  return !MARKUP.test(text);
}

/** A stretch of literal words within a RichTextBlock. */
export function run(text: string, look: Look = {}): Element {
  // Date functions are expanded even here: a word joiner, which is invisible, breaks their opening.
  return { type: 'TextRun', text: text.replaceAll('{{', '{\u2060{'), ...look };
}
