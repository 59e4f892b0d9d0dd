import { randomUUID } from 'node:crypto';
import type { Player, Seen, TeamsPlayer } from '../channels/players.js';
import { asInteraction, sign, payload as slackPayload } from '../slack/house.js';
import { postWebhook, says, webhook } from '../whatsapp/whatsapp.js';
import { CANARIES } from './planted.js';

/** Presses the button with that on it, on the next message that has one. */
async function press(player: Player, label: RegExp): Promise<void> {
  const seen: string[] = [];
  for (;;) {
    const { buttons } = await player.next().catch((cause: unknown) => {
      throw new Error(`${player.name}: no ${label} among ${seen.join(', ')}`, { cause });
    });
    const button = buttons.find((one) => label.test(one.label));
    seen.push(...buttons.map((one) => one.label));
    if (button === undefined) continue;
    const status = await button.press();
    if (status !== 200) throw new Error(`${label}: ${status}`);
    return;
  }
}

/** What is offered, looked at by a press; then the form of a top-up request, up to where it is filled in. */
export async function pressThrough(player: Player): Promise<Seen> {
  await player.say('offers');
  await press(player, /RM/);
  // What is asked on the way would be asked again after it.
  await player.say('cancel');
  await player.say('top up');
  await press(player, /Ask someone/);
  return player.next();
}

/** A purchase to its receipt, where that takes the place of an earlier message: then where that message is, is kept. */
export async function buy(player: Player): Promise<Seen> {
  await player.say('offers');
  await press(player, /RM/);
  await press(player, /Buy for/);
  await press(player, /^\W*Pay RM/);
  await player.next();
  return player.next(30_000);
}

/** Every object within, the outermost first. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (value === null || typeof value !== 'object') return;
  yield value as Record<string, unknown>;
  for (const one of Object.values(value)) yield* objectsIn(one);
}

const number = CANARIES['number in a button'];

/** A button of ours with something else on it, and the form, filled in as its modal sends it. */
export async function onSlack(url: string, asked: Seen, player: Player): Promise<Seen> {
  const post = async (body: object) => {
    const form = asInteraction(body);
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      ...sign(form, Math.floor(Date.now() / 1000)),
    };
    const { status } = await fetch(`${url}/slack/events`, { method: 'POST', body: form, headers });
    if (status !== 200) throw new Error(`Slack was answered ${status}`);
  };
  const carried = [...objectsIn(JSON.parse(asked.words))].find(({ value }) => String(value).startsWith('{"k":'));
  if (carried === undefined) throw new Error('nothing opens a form');
  const field = (value: string) => ({ value: { type: 'plain_text_input', value } });
  await post(
    slackPayload('view-submission', ({ view }) => {
      view.private_metadata = JSON.stringify({ k: JSON.parse(String(carried['value'])).k, p: '', c: 'D00000001' });
      view.state.values = {
        number: field(`+${CANARIES['number in a Slack form']}`),
        donor: field(CANARIES['name in a Slack form']),
        you: field(CANARIES['name in a Slack form']),
      };
    }),
  );
  const filled = await player.next();
  for (const value of [`offers~${number}~0`, number, JSON.stringify({ k: number, h: 'x', s: 'x', f: [] })])
    await post(
      slackPayload('block-actions', (body) => {
        Object.assign(body, { trigger_id: randomUUID() });
        Object.assign(body.actions[0], { value, action_id: number, block_id: `${number}~` });
      }),
    );
  return filled;
}

/** The same in Teams, where a form stands in its card. */
export async function onTeams(player: TeamsPlayer): Promise<Seen> {
  const execute = async (action: object) => {
    const status = await player.execute(action);
    if (status !== 200) throw new Error(`Teams was answered ${status}`);
  };
  const asked = await pressThrough(player);
  const form = [...objectsIn(JSON.parse(asked.words))].find(
    ({ type, verb }) => type === 'Action.Execute' && verb === 'form',
  );
  if (form === undefined) throw new Error('no form');
  await execute({
    ...form,
    data: {
      ...Object(form['data']),
      field_number: `+${CANARIES['number in a Teams form']}`,
      field_donor: CANARIES['name in a Teams form'],
      field_you: CANARIES['name in a Teams form'],
    },
  });
  const filled = await player.next();
  for (const data of [
    { refill: { kind: 'press', token: `offers~${number}~0` } },
    { [number]: number },
    { refill: number },
  ])
    await execute({ type: 'Action.Execute', verb: number, data });
  return filled;
}

/** Presses of buttons that are none of ours, a contact card, and ids and numbers that change. */
export async function onWhatsApp(url: string, player: Player): Promise<void> {
  const whatsApp = CANARIES['WhatsApp number'];
  const before = CANARIES['WhatsApp id before'];
  const reply = { id: `offers~${number}~0`, title: number };
  const name = { formatted_name: CANARIES['name on a contact card'], first_name: CANARIES['name on a contact card'] };
  const card = {
    name,
    phones: [{ phone: `+${CANARIES['number of a contact card']}`, wa_id: CANARIES['number of a contact card'] }],
  };
  const changed = { body: `User Sheena changed from ${whatsApp}`, wa_id: CANARIES['number a user changed to'] };
  const update = {
    wa_id: whatsApp,
    detail: whatsApp,
    user_id: { previous: before, current: CANARIES['WhatsApp id after'] },
  };
  const hidden = (content: Record<string, unknown> | string) => {
    const said = says(whatsApp, content, { from: undefined, from_user_id: before });
    return JSON.parse(JSON.stringify(said).replaceAll(`"wa_id":"${whatsApp}"`, `"user_id":"${before}"`));
  };
  const statuses: number[] = [];
  for (const body of [
    says(whatsApp, { type: 'interactive', interactive: { type: 'button_reply', button_reply: reply } }),
    says(whatsApp, {
      type: 'interactive',
      interactive: { type: 'list_reply', list_reply: { ...reply, description: number } },
    }),
    says(whatsApp, { type: 'button', button: { payload: reply.id, text: number } }),
    says(whatsApp, { type: 'contacts', contacts: [card] }),
    says(whatsApp, { type: number, [number]: { body: number } }),
    hidden('balance'),
    hidden({ type: 'contacts', contacts: [card] }),
    webhook({ user_id_update: [{ ...update, timestamp: Math.floor(Date.now() / 1000) }] }, 'user_id_update'),
    webhook({ [number]: [update] }, number),
  ]) {
    statuses.push(await postWebhook(url, body));
  }
  statuses.push(
    await postWebhook(url, says(whatsApp, { type: 'system', system: { ...changed, type: 'user_changed_number' } })),
  );
  if (statuses.some((status) => status !== 200)) throw new Error(`WhatsApp was answered ${statuses}`);
  await player.next();
}
