import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A wire between Refill and something it talks to, that can be bad. */
export interface BadWire {
  /** Every chunk takes this much longer from now on, in ms. */
  slow(latencyMs: number): void;
  /** Every connection ends with a reset. */
  reset(): void;
  /** For `ms` nothing gets through on the connections there are, and nobody is told; then they are reset. New ones work. */
  halfOpen(ms: number): void;
  close(): Promise<void>;
}

/** Listens on `port` and passes everything on to `target`, both on this machine. */
export async function startWire(port: number, target: number): Promise<BadWire> {
  const wires = new Set<Connection>();
  let latencyMs = 0;
  const server = createServer({ allowHalfOpen: false }, (near) => {
    const wire = new Connection(near, connect(target, '127.0.0.1'), () => latencyMs);
    wires.add(wire);
    wire.onGone(() => wires.delete(wire));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const resetAll = (some: Iterable<Connection>) => {
    for (const wire of [...some]) wire.reset();
  };
  return {
    slow(ms) {
      latencyMs = ms;
    },
    reset: () => resetAll(wires),
    halfOpen(ms) {
      const cut = [...wires];
      for (const wire of cut) wire.cut();
      setTimeout(() => resetAll(cut), ms).unref();
    },
    async close() {
      server.close();
      resetAll(wires);
      await once(server, 'close');
    },
  };
}

/** One connection and its other half. */
class Connection {
  private isCut = false;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    private readonly latencyMs: () => number,
  ) {
    this.carry(near, far);
    this.carry(far, near);
  }

  onGone(told: () => void): void {
    this.near.once('close', told);
  }

  cut(): void {
    this.isCut = true;
    this.near.pause();
    this.far.pause();
  }

  reset(): void {
    this.near.resetAndDestroy();
    this.far.resetAndDestroy();
  }

  private carry(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    // In order: a chunk leaves no earlier than the one before it.
    let free = 0;
    const later = (act: () => void) => {
      const latency = this.latencyMs();
      free = Math.max(free, Date.now() + latency);
      const wait = free - Date.now();
      if (wait <= 0) act();
      else setTimeout(act, wait);
    };
    from.on('data', (chunk: Buffer) =>
      later(() => {
        if (!this.isCut && !to.destroyed) to.write(chunk);
      }),
    );
    from.on('end', () => later(() => void (this.isCut || to.end())));
    from.on('error', () => this.isCut || to.resetAndDestroy());
    from.on('close', (hadError) => later(() => void (hadError || this.isCut || to.end())));
  }
}
