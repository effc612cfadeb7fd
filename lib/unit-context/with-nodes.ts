import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { UnitContext } from './context.ts';

/** One open connection for each of several nodes. */
export interface OpenNodes {
  of(node: string): Client;
}

/** Opens a connection to each node for the duration of `work`. If one cannot be reached, `work` is not called. */
export function withNodes<T>(
  context: UnitContext,
  nodes: readonly string[],
  work: (open: OpenNodes) => Promise<T>,
): Promise<T> {
  const clients = new Map<string, Client>();
  const of = (node: string): Client => {
    const client = clients.get(node);
    if (!client) throw new PgtideError('internal', `no connection to ${node} was opened`);
    return client;
  };
  const openFrom = (index: number): Promise<T> => {
    const node = nodes[index];
    if (node === undefined) return work({ of });
    return context.connect(node, (client) => {
      clients.set(node, client);
      return openFrom(index + 1);
    });
  };
  return openFrom(0);
}
