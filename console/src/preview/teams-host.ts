/** Text colours on any background: the style sheet knows which theme is on (teams.css). */
const FOREGROUND = Object.fromEntries(
  ['default', 'dark', 'light', 'accent', 'good', 'warning', 'attention'].map((colour) => [
    colour,
    { default: `var(--te-${colour})`, subtle: `var(--te-${colour === 'default' ? 'subtle' : colour})` },
  ]),
);

const CONTAINERS = ['default', 'emphasis', 'accent', 'good', 'warning', 'attention'];

/** Sizes and spaces as Teams has them (learn.microsoft.com, "Format cards"); the colours come from the style sheet. */
export const TEAMS = {
  supportsInteractivity: true,
  fontFamily: 'inherit',
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 12 },
  separator: { lineThickness: 1, lineColor: 'var(--te-line)' },
  fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
  fontWeights: { lighter: 200, default: 400, bolder: 600 },
  imageSizes: { small: 32, medium: 52, large: 100 },
  containerStyles: Object.fromEntries(
    CONTAINERS.map((style) => [
      style,
      { backgroundColor: `var(--te-on-${style})`, foregroundColors: FOREGROUND, borderColor: 'transparent' },
    ]),
  ),
  actions: {
    maxActions: 6,
    spacing: 'default',
    // Between buttons the style sheet keeps the distance, in wrapped rows too.
    buttonSpacing: 0,
    actionsOrientation: 'horizontal',
    actionAlignment: 'left',
    showCard: { actionMode: 'inline', inlineTopMargin: 16 },
  },
  adaptiveCard: { allowCustomStyle: false },
  factSet: {
    title: { color: 'default', size: 'default', weight: 'bolder', wrap: true, isSubtle: false, maxWidth: 150 },
    value: { color: 'default', size: 'default', weight: 'default', wrap: true, isSubtle: false },
    spacing: 16,
  },
  textBlock: { headingLevel: 3 },
};

/** Room for letters that hang from a slope, in pixels. */
export const NASTALIQ = { lineHeights: { small: 28, default: 33, medium: 33, large: 42, extraLarge: 56 } };
