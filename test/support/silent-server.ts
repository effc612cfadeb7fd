/** Servers that do not answer: from the first byte on, or from the first statement on. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onFileEnd } from './file-scope.ts';

export interface SilentServer {
  readonly port: number;
  /** The number of connections that clients opened. */
  readonly asked: number;
}

/** Accepts connections, and sends nothing. */
export function silentServer(): Promise<SilentServer> {
  return listen(() => undefined);
}

/** Lets clients log in, as the server behind it does, and sends nothing once they send a statement. */
export function muteServer(behind: { host: string; port: number }): Promise<SilentServer> {
  return listen((client, sockets) => {
    const server = connect(behind.port, behind.host);
    sockets.add(server);
    let open = true;
    client.on('data', (chunk: Buffer) => {
      // A simple query, or the Parse message of the extended protocol. (A password message begins with p.)
      if (chunk[0] === 0x51 || chunk[0] === 0x50) open = false;
      if (open) server.write(chunk);
    });
    server.on('data', (chunk) => open && client.write(chunk));
    client.on('close', () => server.destroy());
    server.on('error', () => client.destroy());
  });
}

async function listen(onClient: (client: Socket, sockets: Set<Socket>) => void): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let asked = 0;
  const server: Server = createServer((client) => {
    asked += 1;
    sockets.add(client);
    client.on('error', () => undefined);
    onClient(client, sockets);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
  };
}
