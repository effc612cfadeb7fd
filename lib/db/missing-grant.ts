import { PgtideError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import type { Client } from './client.ts';

/** Adds the grant that helps to an error about a missing privilege, if the error has no remedy. */
export async function withMissingGrant(client: Client, error: unknown): Promise<unknown> {
  if (!(error instanceof PgtideError) || error.kind !== 'privilege' || error.remedy !== undefined)
    return error;
  const remedy = (await queueRight(client, error.message)) ?? (await membership(client));
  return remedy === undefined
    ? error
    : new PgtideError('privilege', error.message, { remedy, cause: error.cause });
}

/** A queue's tables and sequences have its id in their names: event_7, event_7_0, event_7_id_seq, rows_7_3_0. */
const EVENT_RELATION = /\b(?:event|rows)_(\d{1,9})(?:_\d+|_id_seq)*\b/;

/**
 * Returns a remedy with the right on a queue that lets the role write or read its events, or undefined if that right
 * is not what is missing.
 */
async function queueRight(client: Client, message: string): Promise<string | undefined> {
  const [, id] = EVENT_RELATION.exec(message) ?? [];
  if (id === undefined) return undefined;
  const lack = await client
    .first<{ queue: string; role: string; produce: boolean; consume: boolean }>(
      `select queue_name as queue, current_user::text as role,
              not pg_catalog.has_sequence_privilege(pgq.quote_fqname(queue_event_seq), 'USAGE') as produce,
              not pg_catalog.has_table_privilege(pgq.quote_fqname(queue_data_pfx), 'SELECT') as consume
         from pgq.queue where queue_id = $1 and pg_catalog.to_regclass('pgq.closed_queue') is not null`,
      [id],
    )
    .catch(() => undefined);
  if (!lack?.produce && !lack?.consume) return undefined;
  // Only producers need the sequence.
  const producing = !lack.consume || message.includes(`event_${id}_id_seq`);
  const both = 'produce (to write events), or consume (to read them)';
  const right = producing ? 'produce' : lack.produce ? both : 'consume';
  return `as the owner of the queue, run: pgtide queue grant ${shellWord(lack.queue)} ${shellWord(lack.role)} ${right}`;
}

/** One role owns all that pgtide installed. */
async function membership(client: Client): Promise<string | undefined> {
  const found = await client
    .first<{ owner: string; role: string }>(
      `select pg_catalog.pg_get_userbyid(nspowner)::text as owner, current_user::text as role
         from pg_catalog.pg_namespace
        where nspname = 'pgtide' and not pg_catalog.pg_has_role(nspowner, 'USAGE')`,
    )
    .catch(() => undefined);
  if (!found) return undefined;
  const { owner, role } = found;
  // Does not suggest membership in that role, which may own all tables that are replicated.
  return `connect as ${owner}, which owns what pgtide installed; a right on one queue: pgtide queue grant QUEUE ${shellWord(role)} produce|consume|admin`;
}
