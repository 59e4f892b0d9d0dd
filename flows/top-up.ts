import { z } from 'zod';
import { ask, done, type FormScreen, flow, type Next, type Screen, start } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { numberIn } from '../bot/identity/number.js';
import { TelcoAmbiguous, type TopUpRequest } from '../bot/telco.js';
import { leadTo, say } from './screens.js';

/** How to put money on the account; where the telco can, someone else may be asked to. */
export const topUp = flow({
  name: 'top-up',
  version: 1,
  state: z.null(),
  entries: { 'top-up': 'aside' },
  whenStale: { name: 'top-up' },
  needsLine: true,
  begin(turn) {
    const { text, telco } = turn;
    const request = { label: text.t('choice.ask-someone'), intent: { name: 'top-up.request' } };
    const choices = [leadTo(turn, 'balance'), leadTo(turn, 'offers')];
    return done(say(text.t('top-up.text'), telco.requestTopUp === undefined ? choices : [request, ...choices]));
  },
  steps: {},
});

const state = z.object({
  donorMsisdn: z.string().optional(),
  donorName: z.string().optional(),
  requestorName: z.string().optional(),
});

type Request = z.infer<typeof state>;

const NAME_LENGTH = 60;

/** Somebody else is written to each time: nobody gets to do that without end. */
const PER_DAY = 3;
const DAY_MS = 86_400_000;

/** Asks a loved one, often abroad, for a top-up (Millom top-up.yaml): their number, their name, yours; then a last look. */
export const topUpRequest = flow<Request>({
  name: 'top-up-request',
  version: 1,
  state,
  entries: { 'top-up.request': 'switch' },
  whenStale: { name: 'top-up' },
  needsLine: true,
  begin: (turn) =>
    turn.telco.requestTopUp === undefined
      ? done(say(turn.text.t('top-up.text'), [leadTo(turn, 'menu')]))
      : ask('number', {}),
  steps: {
    number: {
      show: (turn) => ({ ...question(turn, 'top-up.which-number'), form: formOf(turn) }),
      takesText: 'top-up.number',
      on: {
        'top-up.number': (turn, known, { slots }) => next(turn, { ...known, ...donorIn(slots?.['text']) }),
        'top-up.form': (turn, known, { slots = {} }) =>
          next(turn, {
            ...known,
            ...donorIn(slots['number']),
            ...nameIn('donorName', slots['donor']),
            ...nameIn('requestorName', slots['you']),
          }),
      },
    },
    donor: {
      show: (turn) => question(turn, 'top-up.their-name'),
      takesText: 'top-up.donor',
      takesNames: true,
      on: {
        'top-up.donor': (turn, known, { slots }) => next(turn, { ...known, ...nameIn('donorName', slots?.['text']) }),
        back: (_turn, { donorMsisdn: _, ...rest }) => ask('number', rest),
      },
    },
    you: {
      show: (turn) => question(turn, 'top-up.your-name'),
      takesText: 'top-up.you',
      takesNames: true,
      on: {
        'top-up.you': (turn, known, { slots }) => next(turn, { ...known, ...nameIn('requestorName', slots?.['text']) }),
        back: (_turn, { donorName: _, ...rest }) => ask('donor', rest),
      },
    },
    confirm: {
      show: confirmScreen,
      on: {
        'top-up.send': send,
        back: (_turn, { requestorName: _, ...rest }) => ask('you', rest),
      },
    },
  },
});

/** The first question that has no answer yet. */
function next({ text }: Turn, known: Request): Next<Request> {
  if (known.donorMsisdn === undefined) return ask('number', known, say(text.t('top-up.bad-number'), [], 'warning'));
  if (known.donorName === undefined) return ask('donor', known);
  if (known.requestorName === undefined) return ask('you', known);
  return ask('confirm', known);
}

/** With its country code: whoever is asked is often abroad. */
function donorIn(text = ''): Pick<Request, 'donorMsisdn'> {
  const donorMsisdn = numberIn(text);
  return donorMsisdn === undefined ? {} : { donorMsisdn };
}

function nameIn(field: 'donorName' | 'requestorName', text = ''): Partial<Request> {
  const name = text.trim().slice(0, NAME_LENGTH);
  return name === '' ? {} : { [field]: name };
}

function question({ text }: Turn, key: 'top-up.which-number' | 'top-up.their-name' | 'top-up.your-name'): Screen {
  return say(text.t(key), [{ label: text.t('choice.cancel'), intent: { name: 'cancel' } }]);
}

function formOf({ text }: Turn): FormScreen {
  return {
    intent: { name: 'top-up.form' },
    title: text.t('top-up.form'),
    open: text.t('top-up.open-form'),
    submit: text.t('choice.continue'),
    fields: [
      { name: 'number', kind: 'phone', label: text.t('top-up.field-number') },
      { name: 'donor', kind: 'text', label: text.t('top-up.field-donor') },
      { name: 'you', kind: 'text', label: text.t('top-up.field-you') },
    ],
  };
}

function confirmScreen({ text }: Turn, { donorMsisdn = '', donorName = '', requestorName = '' }: Request): Screen {
  return {
    blocks: [
      { type: 'heading', text: text.t('top-up.confirm') },
      {
        type: 'facts',
        facts: [
          { label: text.t('top-up.field-donor'), value: text.literal(donorName) },
          { label: text.t('top-up.field-number'), value: text.literal(`+${donorMsisdn}`) },
          { label: text.t('top-up.field-you'), value: text.literal(requestorName) },
        ],
      },
    ],
    choices: [
      { label: text.t('choice.send-request'), intent: { name: 'top-up.send' }, style: 'primary', exact: true },
      { label: text.t('choice.back'), intent: { name: 'back' } },
      { label: text.t('choice.cancel'), intent: { name: 'cancel' } },
    ],
  };
}

async function send(turn: Turn, { donorMsisdn, donorName, requestorName }: Request): Promise<Next<Request>> {
  const { text, telco, session, now } = turn;
  if (donorMsisdn === undefined || donorName === undefined || requestorName === undefined) return ask('number', {});
  // It is about another line by now.
  if (telco.requestTopUp === undefined) return start({ name: 'top-up' });
  const today = (session.topUps ?? []).filter((at) => now.getTime() - at < DAY_MS);
  if (today.length >= PER_DAY) return done(say(text.t('top-up.enough'), [leadTo(turn, 'menu')], 'warning'));
  // Asked already, and the answer did not reach the chat: somebody else's phone does not ring again for that.
  const sent = (await turn.once()) && (await passOn(telco, { donorMsisdn, donorName, requestorName }));
  // Only now: what the operator refused made nobody's phone ring.
  turn.remember({ topUps: [...today, now.getTime()] });
  const name = text.literal(donorName);
  const menu = [leadTo(turn, 'menu')];
  return done(
    sent
      ? say(text.t('top-up.sent', { name }), menu, 'success')
      : say(text.t('top-up.maybe-sent', { name }), menu, 'warning'),
  );
}

/** False where nobody knows whether it went out. Rejects where it did not. */
async function passOn(telco: Turn['telco'], request: TopUpRequest): Promise<boolean> {
  try {
    await telco.requestTopUp?.(request);
    return true;
  } catch (error) {
    if (error instanceof TelcoAmbiguous) return false;
    throw error;
  }
}
