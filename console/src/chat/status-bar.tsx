import { useEffect, useState } from 'preact/hooks';
import type { Persona } from '../api/types.js';
import { clock } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';

/** The strip on top of a phone, with the time where the subscriber lives. Decoration. */
export function StatusBar({ persona }: { persona: Persona }) {
  const { locale } = useWords();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="status-bar" aria-hidden="true" dir="ltr">
      <span>{clock(locale, now, persona.timezone)}</span>
      <span class="status-operator">{persona.operator}</span>
      <svg class="status-signs" aria-hidden="true" viewBox="0 0 52 14">
        <path d="M1 13V9h3v4zM6 13V7h3v6zM11 13V4h3v9zM16 13V1h3v12z" />
        <rect class="battery" x="27" y="2" width="20" height="10" rx="3" />
        <rect x="29" y="4" width="12" height="6" rx="1.5" />
        <path d="M48.5 5.5h2v3h-2z" />
      </svg>
    </div>
  );
}
