/** Pairs whose rows arrive in place, for tests of that. */
import { asRows } from './arrivals.ts';
import { addTables, followUntilSynced } from './follow.ts';
import { replicaPair } from './replica-pair.ts';
import type { InstalledPair } from './unit-context.ts';

export const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));
export const onSubscriber = (pair: InstalledPair, sql: string) =>
  pair.new.client((client) => client.query(sql));

export interface Sides {
  tables: string[];
  /** SQL of both sides, of the provider and of the subscriber. */
  both?: string;
  provider?: string;
  subscriber?: string;
}

export async function following(pair: InstalledPair, sides: Sides): Promise<InstalledPair> {
  await asRows(pair);
  if (sides.both) await pair.both(sides.both);
  if (sides.provider) await write(pair, sides.provider);
  if (sides.subscriber) await onSubscriber(pair, sides.subscriber);
  await addTables(pair, sides.tables);
  await followUntilSynced(pair);
  return pair;
}

export const one = { both: 'create table t (id int primary key, v int)', tables: ['t'] };
export const pairOf = async (sides: Sides, versions = { provider: 15, subscriber: 17 }) =>
  following(await replicaPair(versions), sides);

export const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      'select table_name as "table", error from pgtide.table_state where error is not null order by 1',
    ),
  );
