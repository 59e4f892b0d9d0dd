import type { Localized } from '../i18n/index.js';
import type { Translator } from '../i18n/translator.js';
import { PAGE_SCRIPT } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';
import type { CpidSettings } from './settings.js';
import type { Ticket } from './tickets.js';

export interface PageOptions {
  readonly translator: Translator;
  readonly ticket: Ticket;
  /** Of this answer alone: nothing else runs on the page. */
  readonly nonce: string;
  readonly settings: CpidSettings;
  /** This page's own address. */
  readonly returnTo: string;
}

/** Nothing from anywhere but what this page brings along; it may talk to us and, where it asks itself, to the operator. */
export function contentPolicy(nonce: string, { mode, url }: CpidSettings): string {
  const operator = mode === 'fetch' ? ` ${new URL(url).origin}` : '';
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    `connect-src 'self'${operator}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** States of the page; those that begin it are rendered as shown. */
const STATES = ['open', 'asking', 'done', 'wifi', 'refused', 'later', 'expired', 'used'] as const;
type State = (typeof STATES)[number];

/** Names of themselves: the same in every language. */
const CHANNELS: Readonly<Record<string, string>> = {
  slack: 'Slack',
  teams: 'Microsoft Teams',
  whatsapp: 'WhatsApp',
  web: 'Refill',
};

export function renderPage({ translator, ticket, nonce, settings, returnTo }: PageOptions): string {
  const { t, literal, locale, direction } = translator;
  const channel = ticket.state === 'open' ? (CHANNELS[ticket.asker.channel] ?? ticket.asker.channel) : '';
  const section = (state: State, title: Localized, words: readonly Localized[], button?: Localized) => `
    <section data-state="${state}"${state === ticket.state ? '' : ' hidden'}>
      <div class="mark" aria-hidden="true"></div>
      <h1 tabindex="-1">${asHtml(title)}</h1>
      ${words.map((text) => `<p>${asHtml(text)}</p>`).join('\n      ')}
      ${button === undefined ? '' : `<button type="button">${asHtml(button)}</button>`}
    </section>`;
  const go = t('cpid.go');
  const again = t('cpid.again');
  return `<!doctype html>
<html lang="${locale}" dir="${direction}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>${asHtml(t('cpid.title'))}</title>
  <style nonce="${nonce}">${PAGE_STYLE}</style>
</head>
<body>
  <header>Refill</header>
  <main>${[
    section('open', t('cpid.title'), [t('cpid.intro', { channel: literal(channel) }), t('cpid.careful')], go),
    section('asking', t('cpid.asking-title'), [t('cpid.asking')]),
    section('done', t('cpid.done-title'), [t('cpid.done')]),
    section('wifi', t('cpid.wifi-title'), [t('cpid.wifi')], again),
    section('refused', t('cpid.refused-title'), [t('cpid.refused')]),
    section('later', t('cpid.later-title'), [t('cpid.later')], again),
    section('expired', t('cpid.expired-title'), [t('cpid.expired')]),
    section('used', t('cpid.used-title'), [t('cpid.used')]),
  ].join('')}
    <details data-with="open"${ticket.state === 'open' ? '' : ' hidden'}>
      <summary>${asHtml(t('cpid.how-title'))}</summary>
      <p>${asHtml(t('cpid.how'))}</p>
      <p>${asHtml(t('cpid.cleartext'))}</p>
    </details>
    <noscript><p>${asHtml(t('cpid.no-script'))}</p></noscript>
  </main>
  <div role="status" aria-live="polite" class="unseen"></div>
  <script type="application/json" id="settings" nonce="${nonce}">${scriptJson(settingsFor(ticket, settings, returnTo))}</script>
  <script nonce="${nonce}">${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** What the script needs; nothing while there is nothing to do. */
function settingsFor({ state }: Ticket, { mode, url, app }: CpidSettings, returnTo: string) {
  if (state !== 'open') return { open: false };
  if (mode === 'redirect') {
    const filled = url
      .replaceAll('{app}', () => encodeURIComponent(app))
      .replaceAll('{return}', () => encodeURIComponent(returnTo));
    return { open: true, go: filled };
  }
  return { open: true, ask: `${url}${url.includes('?') ? '&' : '?'}app=${encodeURIComponent(app)}` };
}

/** JSON that cannot end the element it stands in. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function asHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
