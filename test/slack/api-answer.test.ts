import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createSlackApi } from '../../adapters/slack/api.js';
import { createPauses } from '../../bot/pauses.js';

test('an answer without end is not read to its end', async () => {
  let sent = 0;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      if (response.destroyed || sent > 200_000_000) return void response.end();
      sent += 100_000;
      response.write(' '.repeat(100_000), () => setImmediate(more));
    };
    more();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api = createSlackApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`, createPauses());
  try {
    const call = api.call('chat.postMessage', 'T1', 'token', {});
    await expect(call).rejects.toMatchObject({ code: 'CHANNEL_UNREACHABLE' });
    expect(sent).toBeLessThan(50_000_000);
  } finally {
    await api.close();
    server.closeAllConnections();
    server.close();
  }
}, 20_000);
