import { PgtideError } from '../errors.ts';
import { holdTable, tableReader } from '../node/table-reader.ts';
import type { Copy, CopyPair } from './copy-work.ts';
import { setAside } from './set-aside.ts';

/**
 * Plans a table's copy: asks the provider for the chunk bounds, then, in one transaction on the subscriber, drops the indexes and
 * constraints that a half-copied table could break, empties the table, and stores the chunks. Returns false if another run has
 * planned it.
 */
export async function planTable(copy: Copy, pair: CopyPair, table: string): Promise<boolean> {
  try {
    return await plan(copy, pair, table);
  } catch (error) {
    if (await setAside(copy, pair.subscriber, table, error)) return false;
    throw error;
  }
}

async function plan(copy: Copy, { provider, subscriber }: CopyPair, table: string): Promise<boolean> {
  const reader = await tableReader(provider, table);
  if (!reader) throw new PgtideError('schema', `${provider.node}: table ${table} is not there`);
  const cuts = await provider.transaction(
    { readOnly: true, statementTimeoutMs: copy.statementTimeoutMs() },
    async () => {
      await holdTable(provider, reader);
      return provider.first<{ bounds: string[][]; rows: bigint | null }>(
        `select coalesce((select json_agg(b) from pgtide.chunk_bounds(t.oid, $2, $3) b), '[]') as bounds, pgtide.table_rows(t.oid) as rows
         from (select $1::int8::oid as oid) t`,
        [reader.oid, copy.chunkBytes, reader.as],
      );
    },
  );
  const planned = await subscriber.transaction(
    { statementTimeoutMs: copy.statementTimeoutMs(), lockTimeoutMs: LOCK_TIMEOUT_MS },
    async () =>
      subscriber.first<{ begun: boolean }>('select pgtide.begin_copy($1, $2, $3, $4) as begun', [
        copy.queue,
        table,
        JSON.stringify(cuts?.bounds ?? []),
        cuts?.rows ?? 0n,
      ]),
  );
  await copy.at('copy.planned');
  return planned?.begun === true;
}

/** Users of the subscriber may read the table meanwhile. Rather than make them wait, the next run tries again. */
const LOCK_TIMEOUT_MS = 5_000;
