import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Slack's end of Socket Mode: just enough of RFC 6455 to say hello, send envelopes and read acknowledgements. */
export interface SocketServer {
  /** Connections made so far. */
  readonly connections: number;
  readonly acks: { readonly envelope_id: string; readonly payload?: unknown }[];
  /** Sends an envelope to the open connection. */
  send(envelope: object): void;
  /** Resolves with the acknowledgement of an envelope, or with `undefined` when none came. */
  ack(envelopeId: string, ms?: number): Promise<{ readonly payload?: unknown } | undefined>;
  /** Resolves once a connection was told hello. */
  connected(count?: number): Promise<void>;
  close(): void;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function createSocketServer(server: Server): SocketServer {
  const sockets = new Set<Duplex>();
  const acks: { envelope_id: string; payload?: unknown }[] = [];
  let connections = 0;
  server.on('upgrade', (request, socket: Duplex) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
    readFrames(socket, (message) => acks.push(JSON.parse(message)));
    writeFrame(socket, 1, Buffer.from('{"type":"hello","num_connections":1}'));
    connections += 1;
  });
  const until = async (done: () => boolean, ms: number) => {
    const end = Date.now() + ms;
    while (!done() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return {
    get connections() {
      return connections;
    },
    acks,
    send(envelope) {
      for (const socket of sockets) writeFrame(socket, 1, Buffer.from(JSON.stringify(envelope)));
    },
    async ack(envelopeId, ms = 3000) {
      const find = () => acks.find(({ envelope_id }) => envelope_id === envelopeId);
      await until(() => find() !== undefined, ms);
      return find();
    },
    async connected(count = 1) {
      await until(() => connections >= count, 8000);
      if (connections < count) throw new Error('no connection was made');
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function writeFrame(socket: Duplex, opcode: number, payload: Buffer): void {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff]);
  socket.write(Buffer.concat([head, payload]));
}

/** Whole frames from the client, which are always masked; pings are answered, a close is returned. */
function readFrames(socket: Duplex, onText: (message: string) => void): void {
  let buffer: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const short = (buffer[1] ?? 0) & 0x7f;
      const headLength = short === 126 ? 4 : 2;
      const length = short === 126 && buffer.length >= 4 ? buffer.readUInt16BE(2) : short;
      const end = headLength + 4 + length;
      if (buffer.length < 2 || buffer.length < end) return;
      const mask = buffer.subarray(headLength, headLength + 4);
      const payload = buffer.subarray(headLength + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      const opcode = (buffer[0] ?? 0) & 0x0f;
      buffer = buffer.subarray(end);
      if (opcode === 1) onText(Buffer.from(payload).toString());
      if (opcode === 9) writeFrame(socket, 10, Buffer.from(payload));
      if (opcode === 8) {
        writeFrame(socket, 8, Buffer.from(payload));
        socket.end();
      }
    }
  });
}
