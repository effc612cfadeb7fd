/** `pgtide queue` grant, revoke, grants, close and open: the roles that may write, read and administrate a queue. */
import type { Client } from '../../db/client.ts';
import { PgtideError } from '../../errors.ts';
import type { CommandResult } from '../../local/command-result.ts';
import {
  closeQueue,
  grantRight,
  isClosed,
  listGrants,
  openQueue,
  type Right,
  revokeRight,
} from '../../pgq/rights.ts';
import { columns } from '../../terminal/figures.ts';
import type { Invocation } from '../invocation.ts';
import { onQueue, type QueueOptions, tell } from './connection.ts';

/** A right of a role on a queue. */
export interface Grant {
  queue: string;
  role: string;
  right: Right;
}

function onOwnQueue<T>(
  invocation: Invocation,
  queue: string,
  options: QueueOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return onQueue(invocation, queue, options, async (client) => {
    await requireRights(client);
    return work(client);
  });
}

async function requireRights(client: Client): Promise<void> {
  const row = await client.first<{ there: boolean }>(
    `select to_regclass('pgq.closed_queue') is not null as there`,
  );
  if (row?.there) return;
  throw new PgtideError('state', `${client.node}: this database has no rights by queue`, {
    remedy: `run: pgtide queue install --node ${client.node} (the real extension pgq has none: there the roles pgq_reader, pgq_writer and pgq_admin decide)`,
  });
}

export function grant(invocation: Invocation, one: Grant, options: QueueOptions): Promise<CommandResult> {
  const { queue, role, right } = one;
  return onOwnQueue(invocation, queue, options, async (client) => {
    await grantRight(client, queue, role, right);
    return tell(invocation, options, { ...one, node: client.node, granted: true }, [
      `${queue}: ${role} has the right ${right}`,
    ]);
  });
}

export function revoke(invocation: Invocation, one: Grant, options: QueueOptions): Promise<CommandResult> {
  const { queue, role, right } = one;
  return onOwnQueue(invocation, queue, options, async (client) => {
    await revokeRight(client, queue, role, right);
    return tell(invocation, options, { ...one, node: client.node, revoked: true }, [
      `${queue}: ${role} has no right ${right} of its own any more`,
    ]);
  });
}

export function grants(invocation: Invocation, queue: string, options: QueueOptions): Promise<CommandResult> {
  return onOwnQueue(invocation, queue, options, async (client) => {
    const found = await listGrants(client, queue);
    const closed = await isClosed(client, queue);
    return tell(invocation, options, { queue, node: client.node, closed, grants: found }, [
      `${queue} on ${client.node} is ${closed ? 'closed' : 'open'}`,
      ...columns(found.map(({ role, rights }) => [role, rights.join(', ')])).map((line) => `   ${line}`),
      ...(found.length === 0 ? ['   only its owner has rights'] : []),
    ]);
  });
}

export function close(invocation: Invocation, queue: string, options: QueueOptions): Promise<CommandResult> {
  return onOwnQueue(invocation, queue, options, async (client) => {
    const changed = await closeQueue(client, queue);
    return tell(invocation, options, { queue, node: client.node, closed: true, changed }, [
      changed
        ? `${queue} is closed: only its owner and roles with a grant on it have rights`
        : `${queue} is closed already`,
    ]);
  });
}

export function open(invocation: Invocation, queue: string, options: QueueOptions): Promise<CommandResult> {
  return onOwnQueue(invocation, queue, options, async (client) => {
    const changed = await openQueue(client, queue);
    return tell(invocation, options, { queue, node: client.node, closed: false, changed }, [
      changed
        ? `${queue} is open: pgq_reader consumes, pgq_writer produces, pgq_admin administrates`
        : `${queue} is open already`,
    ]);
  });
}
