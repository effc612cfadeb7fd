/** Runs the scheduled units of a pair as a scheduler would, until the leaf has all changes of the root. */
import { tickQueue } from '../../lib/pgq/ticker.ts';
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copy } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import type { InstalledPair } from './unit-context.ts';

/** Makes a tick on the root, whatever the ticker's limits are. Returns it. */
export async function tickNow(it: InstalledPair): Promise<bigint> {
  return it.shop.context('old').connect('old', async (client) => {
    await client.query(`select pgq.force_tick('shop')`);
    const tick = await tickQueue(client, 'shop');
    if (tick === null) throw new Error('no tick was made');
    return tick;
  });
}

/** Replays until idle. */
export async function replayAll(it: InstalledPair): Promise<void> {
  await tickNow(it);
  await replay(it.shop.context('new'));
}

/** Copies and replays until every table of the leaf is ok, with all indexes and foreign keys restored. */
export async function followUntilSynced(it: InstalledPair): Promise<void> {
  for (let round = 0; round < 50; round++) {
    await copy(it.shop.context('new'));
    await replayAll(it);
    const left = await it.shop.context('new').connect('new', (client) =>
      client.first<{ tables: bigint; saved: bigint; errors: string | null }>(
        `select count(*) filter (where t.merge_state is distinct from 'ok') as tables,
                (select count(*) from pgtide.saved_ddl where kind in ('index', 'constraint', 'foreign key')) as saved,
                (select string_agg(table_name || ': ' || error, ', ') from pgtide.table_state where error is not null) as errors
           from londiste.table_info t where t.local`,
      ),
    );
    if (left?.errors) throw new Error(left.errors);
    if (left?.tables === 0n && left.saved === 0n) return;
  }
  const state = await it.new.client((client) =>
    client.query(
      `select s.*, (select array_agg(state || ' ' || coalesce(snapshot::text, '')) from pgtide.copy_chunk c where c.table_name = s.table_name) as chunks,
       (select count(*)::int from pgtide.parked_event p where p.table_name = s.table_name) as parked,
       (select array_agg(d.kind || ' ' || object_name || coalesce(d.error, '')) from pgtide.saved_ddl d where d.table_name = s.table_name) as saved from pgtide.table_state s`,
    ),
  );
  throw new Error(
    `the tables did not become ok: ${JSON.stringify(state, (_, v) => (typeof v === 'bigint' ? Number(v) : v), 1)}`,
  );
}

export async function addTables(
  it: InstalledPair,
  tables: string[],
  more: Partial<AddTableInput> = {},
): Promise<void> {
  await addTable(it.shop.context('old'), addTableInput.parse({ tables, ...more }));
}
