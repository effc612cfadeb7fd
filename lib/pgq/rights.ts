import type { Client } from '../db/client.ts';

export const RIGHTS = ['produce', 'consume', 'admin'] as const;
export type Right = (typeof RIGHTS)[number];

export interface QueueGrant {
  role: string;
  rights: Right[];
}

/** Returns whether the queue is closed: the roles of the cluster (pgq_reader, pgq_writer, pgq_admin) have no rights on it. */
export async function isClosed(client: Client, queue: string): Promise<boolean> {
  const row = await client.first<{ closed: boolean }>(
    `select exists (select from pgq.closed_queue c join pgq.queue q using (queue_id) where q.queue_name = $1) as closed`,
    [queue],
  );
  return row?.closed === true;
}

/** Closes a queue. Returns false if it was closed already. */
export async function closeQueue(client: Client, queue: string): Promise<boolean> {
  const row = await client.first<{ done: boolean }>('select pgtide.close_queue($1) as done', [queue]);
  return row?.done === true;
}

/** Opens a queue. Returns false if it was open already. */
export async function openQueue(client: Client, queue: string): Promise<boolean> {
  const row = await client.first<{ done: boolean }>('select pgtide.open_queue($1) as done', [queue]);
  return row?.done === true;
}

export async function grantRight(client: Client, queue: string, role: string, right: Right): Promise<void> {
  await client.query('select pgtide.grant_queue($1, $2, $3)', [queue, role, right]);
}

export async function revokeRight(client: Client, queue: string, role: string, right: Right): Promise<void> {
  await client.query('select pgtide.revoke_queue($1, $2, $3)', [queue, role, right]);
}

/** Returns the roles that have rights on the queue besides its owner, by name. */
export function listGrants(client: Client, queue: string): Promise<QueueGrant[]> {
  return client.query<QueueGrant>(
    `select role_name as role, array_agg(right_name order by right_name) as rights
       from pgtide.queue_grants($1) group by role_name order by role_name`,
    [queue],
  );
}
