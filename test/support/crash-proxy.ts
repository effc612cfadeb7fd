/**
 * A wire between pgtide and a server. It can be cut, or go dead, at a chosen request: before the request reaches the
 * server, or after the server has carried it out and before its answer returns.
 */

import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Socket } from 'node:net';
import type { ConnectionTarget } from '../../lib/db/client.ts';
import { onFileEnd } from './file-scope.ts';

/** A message of a client: a simple query (`Q`, with its text), the Sync after an extended one (`S`), the end of a COPY (`c`) … */
export interface Request {
  type: string;
  text: string;
}

export interface Fault {
  /** Chooses the request that meets the fault. */
  at: (request: Request, nr: number) => boolean;
  /**
   * `before`: the request does not arrive, and the connection breaks. `after`: it is carried out, but its answer is lost
   * with the connection. `dead`: it arrives, and from then on nothing passes in either direction, while both ends consider
   * the connection open.
   */
  how: 'before' | 'after' | 'dead';
}

export interface Wire {
  /** Connects to the database over the wire. */
  readonly target: ConnectionTarget;
  /** Arms a fault for one request of later connections. */
  arm(fault: Fault): void;
  /** True once the armed fault has happened. */
  readonly struck: boolean;
  /** Ends every connection, including dead ones. */
  hangUp(): void;
}

/** A COMMIT as the client class sends it. */
export const isCommit = ({ type, text }: Request): boolean => type === 'Q' && text === 'commit';

/**
 * The first request that carries this text. In an extended query the text is in the Parse message, and the fault comes at
 * the Sync.
 */
export function sends(part: string): Fault['at'] {
  let seen = false;
  return ({ text, type }) => {
    seen ||= text.includes(part);
    return seen && requestEnds.has(type);
  };
}

/** Messages to which the server answers. */
const requestEnds = new Set(['Q', 'S', 'c']);
/** Messages by which a server ends its answer to a request: ReadyForQuery, or the one by which it waits for a COPY's data. */
const answerEnds = new Set(['Z', 'G']);

export async function openWire(target: ConnectionTarget): Promise<Wire> {
  const sockets = new Set<Socket>();
  const state: { fault: Fault | undefined; requests: number; struck: boolean } = {
    fault: undefined,
    requests: 0,
    struck: false,
  };
  const server = createServer((client) => {
    const upstream = dial(target.port, target.host);
    const both = [client, upstream];
    for (const socket of both) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        if (!dead) for (const other of both) other.destroy();
      });
    }
    let dead = false;
    let losing = false;
    const cut = () => {
      for (const socket of both) socket.destroy();
    };
    const fromClient = frames(true, (type, frame) => {
      if (dead || losing) return;
      const { fault } = state;
      const hit = fault?.at(
        { type, text: textOf(type, frame) },
        requestEnds.has(type) ? ++state.requests : 0,
      );
      if (!fault || !hit) return void upstream.write(frame);
      state.fault = undefined;
      state.struck = true;
      if (fault.how === 'before') return cut();
      upstream.write(frame);
      if (fault.how === 'dead') dead = true;
      else losing = true;
    });
    const fromServer = frames(false, (type, frame) => {
      if (dead) return;
      if (!losing) return void client.write(frame);
      if (answerEnds.has(type)) cut();
    });
    client.on('data', fromClient);
    upstream.on('data', fromServer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  onFileEnd(async () => {
    hangUp();
    server.close();
  });
  return {
    target: { ...target, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    arm(fault) {
      Object.assign(state, { fault, requests: 0, struck: false });
    },
    get struck() {
      return state.struck;
    },
    hangUp,
  };
}

/** Cuts a stream into the protocol's messages. The first of a client has no type byte. */
function frames(isClient: boolean, take: (type: string, frame: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  let head = isClient ? 0 : 1;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= head + 4) {
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) return;
      const type = head === 0 ? '' : String.fromCharCode(rest[0] ?? 0);
      const frame = rest.subarray(0, length);
      rest = rest.subarray(length);
      head = 1;
      take(type, frame);
    }
  };
}

function textOf(type: string, frame: Buffer): string {
  if (type === 'Q') return frame.toString('utf8', 5, frame.length - 1);
  return type === 'P' ? frame.toString('utf8', 5) : '';
}
