import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { accept, type ReturnCode, returnCodeColumns } from '../pgq/return-code.ts';

/** A sequence of the queue, as one node knows it. */
export interface MemberSequence {
  name: string;
  /** The last published value. Followers are set to it, so it is ahead of the values that the root has used. */
  published: bigint;
  local: boolean;
}

export function listSequences(client: Client, queue: string): Promise<MemberSequence[]> {
  return client.query<MemberSequence>(
    `select seq_name as name, last_value as published, local from londiste.get_seq_list($1)`,
    [queue],
  );
}

export async function addLocalSequence(client: Client, queue: string, sequence: string): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.local_add_seq($1, $2)`,
    [queue, sequence],
  );
  accept(client.node, verdict);
}

/**
 * Registers a sequence's published value on a follower, and advances the follower's own sequence to it if it exists. Values only increase.
 */
export async function publishSequence(
  client: Client,
  queue: string,
  at: { name: string; published: bigint },
): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.global_update_seq($1, $2, $3)`,
    [queue, at.name, at.published],
  );
  accept(client.node, verdict);
}

export async function removeLocalSequence(client: Client, queue: string, sequence: string): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.local_remove_seq($1, $2)`,
    [queue, sequence],
  );
  accept(client.node, verdict);
}

/** Publishes the root's sequences that are close to their last published value. */
export async function checkRootSequences(client: Client, queue: string): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.root_check_seqs($1)`,
    [queue],
  );
  accept(client.node, verdict);
}

/** Reading a sequence takes a lock that conflicts with ALTER SEQUENCE. */
const LOCK_TIMEOUT_MS = 200;

/**
 * Returns the last values of those of `names` that are sequences here and that this role may read; undefined while one of them is being
 * altered.
 */
export async function sequenceValues(
  client: Client,
  names: readonly string[],
): Promise<Map<string, bigint> | undefined> {
  // pg_sequence_last_value is faster than seq_getval. It returns null for a sequence that has not been used yet.
  const read = () =>
    client.query<{ name: string; value: bigint }>(
      `select n.nspname || '.' || c.relname as name,
            coalesce(pg_sequence_last_value(c.oid), pgq.seq_getval(n.nspname || '.' || c.relname))::bigint as value
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where case when c.relkind = 'S' and n.nspname || '.' || c.relname = any ($1::text[])
                 then has_sequence_privilege(c.oid, 'SELECT') else false end`,
      [names],
    );
  try {
    const rows = await client.transaction({ readOnly: true, lockTimeoutMs: LOCK_TIMEOUT_MS }, read);
    return new Map(rows.map(({ name, value }) => [name, value]));
  } catch (error) {
    if (error instanceof PgtideError && error.kind === 'busy') return undefined;
    throw error;
  }
}
