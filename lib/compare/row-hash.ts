/**
 * The 64-bit hash of a row's bytes, computed inside each database.
 *
 * PostgreSQL's own hash is the same from 11 to 18 on processors of the same byte order. Whether the two servers agree is tested,
 * not assumed. If they do not agree, the hash is the first 64 bits of the MD5 (twice the time).
 *
 * A row is hashed as one value. `hash_record_extended` would be faster, but it is a weighted sum of the columns' hashes. A sum of
 * such sums over rows does not detect two rows that swapped a column's value.
 */
import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { Sides } from './sides.ts';

export type RowHash = 'native' | 'md5';

export interface PairFacts {
  hash: RowHash;
  /** True if one server writes floats as PostgreSQL 12 and later do, and the other does not. */
  floatTextDiffers: boolean;
}

const NATIVE_SINCE = 110000;
const SHORTEST_FLOATS_SINCE = 120000;

async function versionOf(client: Client): Promise<number> {
  const row = await client.first<{ version: number }>(
    `select pg_catalog.current_setting('server_version_num')::int4 as version`,
  );
  if (!row) throw new PgtideError('internal', `${client.node}: no server version`);
  return row.version;
}

async function sampleHashes(client: Client): Promise<string> {
  const row = await client.first<{ hashes: string }>(
    `select string_agg(${hashOf(`decode(repeat('c3a97f', n), 'hex')`, 'native')}::text, ' ' order by n) as hashes
       from generate_series(0, 24) n`,
  );
  return row?.hashes ?? '';
}

/** Determines how rows of these two servers are hashed. */
export async function examinePair({
  provider,
  subscriber,
}: Pick<Sides, 'provider' | 'subscriber'>): Promise<PairFacts> {
  const [left, right] = await both(versionOf(provider), versionOf(subscriber));
  const floatTextDiffers = left < SHORTEST_FLOATS_SINCE !== right < SHORTEST_FLOATS_SINCE;
  if (left < NATIVE_SINCE || right < NATIVE_SINCE) return { hash: 'md5', floatTextDiffers };
  const [one, other] = await both(
    provider.transaction({ readOnly: true }, () => sampleHashes(provider)),
    subscriber.transaction({ readOnly: true }, () => sampleHashes(subscriber)),
  );
  return { hash: one === other ? 'native' : 'md5', floatTextDiffers };
}

/** Returns SQL for the hash of a bytea expression, as int8. */
export function hashOf(bytes: string, hash: RowHash): string {
  return hash === 'native'
    ? `pg_catalog.hash_array_extended(array[${bytes}], 0)`
    : `('x' || pg_catalog.left(pg_catalog.md5(${bytes}), 16))::bit(64)::int8`;
}

/** Returns SQL for the hash of several expressions as one row, as int8. */
export function hashOfRow(expressions: readonly string[], hash: RowHash): string {
  return hashOf(`pg_catalog.record_send(row(${expressions.join(', ')}))`, hash);
}
