import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { onFileEnd } from './file-scope.ts';

export interface SilentServer {
  readonly endpoint: string;
  /** How many connections were opened to it. */
  connections(): number;
}

/** Takes connections and never answers, as a network without a way to a service does. Gone when the test file ends. */
export async function startSilentServer(): Promise<SilentServer> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(async () => void server.close());
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
  };
}
