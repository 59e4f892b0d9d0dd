/**
 * What runs on the subscriber's phone: asks the operator for the CPID, or sends the phone there and reads it from the address it
 * comes back to (behind the `#`, which no server and no log gets), and hands it to Refill. Plain script for old phones' browsers.
 */
export const PAGE_SCRIPT = `
(() => {
  'use strict';
  const settings = JSON.parse(document.getElementById('settings').textContent);
  const sections = [...document.querySelectorAll('[data-state]')];
  const WAIT_MS = 15000;
  // The operator said who is to blame (cpid.yaml, "cause").
  const STATES = { FORBIDDEN: 'wifi', UNSUPPORTED_OPERATOR: 'refused', UNKNOWN_SUBSCRIBER_ID: 'refused', USER_BARRED: 'refused' };

  const show = (state) => {
    for (const section of sections) section.hidden = section.dataset.state !== state;
    for (const extra of document.querySelectorAll('[data-with]')) extra.hidden = extra.dataset.with !== state;
    document.body.dataset.now = state;
    const title = document.querySelector('[data-state="' + state + '"] h1');
    document.title = title.textContent;
    document.querySelector('[role=status]').textContent = title.textContent;
    title.focus();
  };

  const withDeadline = (run) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), WAIT_MS);
    return run(stop.signal).finally(() => clearTimeout(timer));
  };

  const hand = async (cpid, ttlSeconds) => {
    show('asking');
    try {
      const answer = await withDeadline((signal) => fetch(location.pathname, {
        method: 'POST', signal, cache: 'no-store', redirect: 'error',
        headers: { 'content-type': 'application/json', 'x-refill-page': 'link' },
        body: JSON.stringify({ cpid, ttlSeconds }),
      }));
      const known = answer.ok || answer.status === 410 || answer.status === 422;
      show(known ? (await answer.json()).state : 'later');
    } catch {
      show('later');
    }
  };

  const refusedBy = (cause) => show(STATES[cause] || 'later');

  // Whether the button was pressed in this very tab: an address with a CPID in it may be somebody's trap.
  const BEGUN = 'refill-link';
  const begin = () => { try { sessionStorage.setItem(BEGUN, location.pathname); } catch { /* then it takes a second press */ } };
  const begun = () => { try { return sessionStorage.getItem(BEGUN) === location.pathname; } catch { return false; } };
  const back = new URLSearchParams(location.hash.slice(1));

  const ask = async () => {
    if (back.has('cpid')) return hand(back.get('cpid'), back.get('ttlSeconds'));
    if (settings.go) {
      begin();
      return location.assign(settings.go);
    }
    show('asking');
    let answer;
    let said;
    try {
      answer = await withDeadline((signal) => fetch(settings.ask, {
        signal, mode: 'cors', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
      }));
      said = await answer.json();
    } catch {
      // Outside of its network the endpoint often does not answer at all.
      return show('wifi');
    }
    if (!answer.ok || typeof said.cpid !== 'string') return refusedBy(said.cause);
    await hand(said.cpid, said.ttlSeconds);
  };

  for (const button of document.querySelectorAll('button')) button.addEventListener('click', ask);
  if (!settings.open) return;
  if (location.hash) history.replaceState(null, '', location.pathname);
  if (back.has('cpid') && begun()) ask();
  else if (back.has('cause')) refusedBy(back.get('cause'));
})();
`;
