/** A network in front of a server that can stall: for a while nothing passes in either direction, and then everything does. */
import type { AddressInfo, Socket } from 'node:net';
import { createServer, connect as dial } from 'node:net';
import type { ConnectionTarget } from '../../lib/db/client.ts';
import { onFileEnd } from '../support/file-scope.ts';

export interface Relay {
  /** The server, through the relay. */
  through(target: ConnectionTarget): ConnectionTarget;
  stall(ms: number): Promise<void>;
}

export async function openRelay({ host, port }: { host: string; port: number }): Promise<Relay> {
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = dial(port, host);
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(async () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    server.close();
  });
  return {
    through: (target) => ({ ...target, host: '127.0.0.1', port: (server.address() as AddressInfo).port }),
    async stall(ms) {
      const stalled = [...pairs];
      for (const [client, upstream] of stalled) {
        client.unpipe(upstream);
        upstream.unpipe(client);
      }
      await new Promise((resolve) => setTimeout(resolve, ms));
      for (const [client, upstream] of stalled) {
        client.pipe(upstream);
        upstream.pipe(client);
      }
    },
  };
}
