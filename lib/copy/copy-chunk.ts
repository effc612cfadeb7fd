import type { Client } from '../db/client.ts';
import { copyPipe } from '../db/copy-pipe.ts';
import { PgtideError } from '../errors.ts';
import { holdTable, type Reader, tableReader } from '../node/table-reader.ts';
import { type ColumnType, valueMisfit } from '../value-fit.ts';
import type { Copy, CopyPair } from './copy-work.ts';
import { setAside } from './set-aside.ts';

/** A chunk that this run has announced. */
interface Chunk {
  table: string;
  chunkNo: number;
  attempt: number;
  generation: number;
  lowerKey: string[] | null;
  upperKey: string[] | null;
}

export interface CopiedChunk {
  table: string;
  rows: number;
  bytes: number;
}

/**
 * Copies the next chunk exactly: announces it in a separate commit, reads it in one short REPEATABLE READ transaction, and stores
 * the rows together with that transaction's snapshot. Returns undefined if no chunk is left. Returns 'again' if the chunk is pending
 * again, or its table was set aside; then the connections may be unusable. See merge-state.ts for the reasons of this order.
 */
export async function copyNextChunk(copy: Copy, pair: CopyPair): Promise<CopiedChunk | 'again' | undefined> {
  const { provider, subscriber } = pair;
  const chunk = await announceChunk(copy, subscriber);
  if (!chunk || chunk.table === null) return undefined;
  await copy.at('chunk.announced');
  try {
    const timeout = { statementTimeoutMs: copy.statementTimeoutMs() };
    const reader = await tableReader(provider, chunk.table);
    if (!reader) throw new PgtideError('schema', `${provider.node}: table ${chunk.table} is not there`);
    return await provider.transaction(
      { isolation: 'repeatable read', readOnly: true, ...timeout },
      async () => {
        const seen = await provider.first<{ snapshot: string }>(
          'select txid_current_snapshot()::text as snapshot',
        );
        await copy.at('snapshot.taken');
        return subscriber.transaction(timeout, async () => {
          const statements = await copyStatements(copy, pair, { chunk, reader });
          await holdTable(provider, reader);
          const copied = await copyPipe(provider, statements.read, subscriber, statements.write);
          const types = await providerTypes(provider, chunk.table);
          await refuseMisfit(copy, subscriber, { table: chunk.table, types });
          await copy.at('chunk.copied');
          await subscriber.query('select pgtide.commit_chunk($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
            copy.queue,
            chunk.table,
            chunk.chunkNo,
            chunk.attempt,
            chunk.generation,
            seen?.snapshot,
            copied.rows,
            copied.bytes,
            chunk.chunkNo === 0 ? JSON.stringify(types) : null,
          ]);
          await copy.at('chunk.stored');
          return { table: chunk.table, ...copied };
        });
      },
    );
  } catch (error) {
    if (!(await giveUp(copy, subscriber, chunk)))
      throw new PgtideError(
        'fenced',
        `chunk ${chunk.chunkNo} of ${chunk.table} belongs to another run by now`,
        {
          cause: error,
        },
      );
    if (error instanceof Rewritten || (await setAside(copy, subscriber, chunk.table, error))) return 'again';
    throw error;
  }
}

/** The rows that a chunk read are not the rows that its snapshot saw. */
class Rewritten extends Error {}

/**
 * Returns the columns of the provider's table. Called after COPY, whose locks keep the columns of both tables unchanged.
 * @throws Rewritten
 */
async function providerTypes(provider: Client, table: string): Promise<ColumnType[]> {
  const row = await provider.first<{ rewritten: boolean; types: ColumnType[] | null }>(
    `select pgtide.rewritten_since($1) as rewritten, pgtide.column_types(londiste.find_table_oid($1)) as types`,
    [table],
  );
  if (row?.rewritten) throw new Rewritten(`${table} was rewritten after the chunk's snapshot`);
  return row?.types ?? [];
}

/** Refuses to store a chunk whose values the subscriber's types have changed. */
async function refuseMisfit(
  copy: Copy,
  subscriber: Client,
  { table, types }: { table: string; types: ColumnType[] },
): Promise<void> {
  const misfit = valueMisfit(table, types, await subscriberTypes(subscriber, copy.queue, table));
  if (misfit !== undefined) throw new PgtideError('schema', misfit);
}

async function subscriberTypes(subscriber: Client, queue: string, table: string): Promise<ColumnType[]> {
  const row = await subscriber.first<{ types: ColumnType[] | null }>(
    `select pgtide.column_types(londiste.find_table_oid(coalesce(dest_table, table_name))) as types
       from londiste.table_info where queue_name = $1 and table_name = $2`,
    [queue, table],
  );
  return row?.types ?? [];
}

/**
 * Makes a chunk that could not be copied pending again. Returns false if the chunk belongs to another run by now. Then the failure
 * (a conflict with rows that the other run has stored, or a refused commit) does not concern the table.
 */
async function giveUp(copy: Copy, subscriber: Client, chunk: Chunk): Promise<boolean> {
  const row = await subscriber
    .first<{ released: boolean }>('select pgtide.release_chunk($1, $2, $3, $4) as released', [
      copy.queue,
      chunk.table,
      chunk.chunkNo,
      chunk.attempt,
    ])
    .catch(() => undefined);
  return row?.released !== false;
}

/** Commits that this run will copy the chunk. Uses READ COMMITTED, in which concurrent runs skip each other's chunks. */
function announceChunk(copy: Copy, subscriber: Client): Promise<Chunk | { table: null } | undefined> {
  return subscriber.transaction({}, () =>
    subscriber.first<Chunk | { table: null }>(
      `select table_name as "table", chunk_no as "chunkNo", attempt, generation, lower_key as "lowerKey", upper_key as "upperKey"
         from pgtide.announce_chunk($1, $2)`,
      [copy.queue, copy.startedAt],
    ),
  );
}

/**
 * Returns the two COPY statements of a chunk. They contain the provider's columns except those that the subscriber generates. The
 * range is in the provider's key order.
 */
async function copyStatements(
  copy: Copy,
  { provider, subscriber }: CopyPair,
  { chunk, reader }: { chunk: Chunk; reader: Reader },
): Promise<{ read: string; write: string }> {
  const target = await subscriber.first<{ columns: string[]; generated: string[] }>(
    'select columns, generated, pgtide.begin_apply() from pgtide.copy_columns($1, $2)',
    [copy.queue, chunk.table],
  );
  if (!target) throw new PgtideError('schema', `${subscriber.node}: table ${chunk.table} is not there`);
  const source = await provider.first<{ query: string; columns: string[]; missing: string[] }>(
    'select query, columns, missing from pgtide.chunk_query($1::int8::oid, $2, $3, $4, $5, $6)',
    [reader.oid, target.columns, target.generated, chunk.lowerKey, chunk.upperKey, reader.as],
  );
  if (!source) throw new PgtideError('schema', `${provider.node}: table ${chunk.table} is not there`);
  if (source.missing.length > 0)
    throw new PgtideError(
      'schema',
      `${subscriber.node}: table ${chunk.table} has no column ${source.missing.join(', ')}`,
      {
        remedy: `add it to the subscriber's table, then: pgtide resync ${copy.queue} ${chunk.table}`,
      },
    );
  const to = await subscriber.first<{ target: string }>('select pgtide.chunk_target($1, $2, $3) as target', [
    copy.queue,
    chunk.table,
    source.columns,
  ]);
  return { read: `copy (${source.query}) to stdout`, write: `copy ${to?.target} from stdin` };
}
