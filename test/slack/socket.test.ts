import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type House, openHouse, payload } from './house.js';

let house: House;
beforeEach(async () => {
  house = await openHouse({ appToken: 'xapp-1-token' });
  await house.slack.socket.connected();
});
afterEach(() => house.stop());

const envelope = (id: string, type: string, body: object) => ({
  envelope_id: id,
  type,
  accepts_response_payload: true,
  payload: body,
});

describe('Socket Mode', () => {
  test('takes messages, presses and commands, and acknowledges each by its envelope', async () => {
    house.slack.socket.send(envelope('e1', 'events_api', payload('message-im')));
    house.slack.socket.send(envelope('e2', 'interactive', payload('block-actions')));
    house.slack.socket.send(envelope('e3', 'slash_commands', payload('slash-command')));
    for (const id of ['e1', 'e2', 'e3']) expect(await house.slack.socket.ack(id)).toBeDefined();
    const kindsIn = (place: string) =>
      house.delivered.filter(({ conversationId }) => conversationId.endsWith(`-${place}`)).map(({ kind }) => kind);
    expect([kindsIn(''), kindsIn('C00000001')]).toEqual([['text', 'press'], ['text']]);
  });

  test('a submitted form is answered with the closing of its modal', async () => {
    house.slack.socket.send(envelope('e1', 'interactive', payload('view-submission')));
    expect(await house.slack.socket.ack('e1')).toMatchObject({ payload: { response_action: 'clear' } });
  });

  test('what could not be delivered is not acknowledged, so it comes again', async () => {
    house.deliver = () => Promise.reject(new Error('no store'));
    house.slack.socket.send(envelope('e1', 'events_api', payload('message-im')));
    expect(await house.slack.socket.ack('e1', 300)).toBeUndefined();
  });

  test('what can never be read is acknowledged, so it does not', async () => {
    const broken = payload('message-im', (body) => delete body.event.channel);
    house.slack.socket.send(envelope('e1', 'events_api', broken));
    expect(await house.slack.socket.ack('e1')).toBeDefined();
    expect(house.delivered).toEqual([]);
  });

  test('Slack asks to reconnect: a new connection takes over', async () => {
    house.slack.socket.send({ type: 'disconnect', reason: 'refresh_requested' });
    await house.slack.socket.connected(2);
    house.slack.socket.send(envelope('e9', 'events_api', payload('message-im')));
    expect(await house.slack.socket.ack('e9')).toBeDefined();
    expect(house.slack.calls.filter(({ method }) => method === 'apps.connections.open')).toHaveLength(2);
  });

  test('a connection that breaks is made again', async () => {
    house.slack.socket.close();
    await house.slack.socket.connected(2);
  });

  test('the app token is used to connect, and for nothing else', async () => {
    expect(house.slack.calls.map(({ method, token }) => [method, token])).toEqual([
      ['apps.connections.open', 'xapp-1-token'],
    ]);
  });
});

test('a token that is not taken is an alert, not the end', async () => {
  const other = await openHouse();
  await other.stop();
  const slackless = await openHouse({ appToken: 'xapp-1-token', apiUrl: 'http://127.0.0.1:1/api/' });
  const end = Date.now() + 3000;
  while (slackless.alerts.length === 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(slackless.alerts[0]).toBe('slack_socket');
  expect((await slackless.post(payload('message-im'))).status).toBe(200);
  await slackless.stop();
});
