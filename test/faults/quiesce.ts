/** The end of a campaign: no act runs any more, the units run until the leaf has everything, and then all must be in order. */
import { compareWith } from '../../lib/units/compare.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { rowsOf } from '../support/oracle.ts';
import { until } from '../support/until.ts';
import { type Side, sides } from './schedule.ts';
import type { World } from './world.ts';
import { CONSUMER, QUEUE } from './world-config.ts';

const MAX_ROUNDS = 60;

/** `remove: false` leaves the tables in the queue. */
export async function quiesce(world: World, { remove = true } = {}): Promise<string[]> {
  for (const writer of world.writers) await writer.commit();
  await world.oldTransaction.close();
  const stuck = await runUntilSynced(world);
  if (stuck) return [stuck, ...world.problems];
  const problems = [...(await differences(world)), ...(await leftovers(world)), ...(await unrest(world))];
  const compared = await world.onDemand('compare', (context) => compareWith({})(context, {}));
  if (!compared.result?.equal) problems.push(`compare does not agree: ${JSON.stringify(compared.result)}`);
  if (remove && problems.length === 0) problems.push(...(await removal(world)));
  return problems;
}

async function runUntilSynced(world: World): Promise<string | undefined> {
  let state: unknown;
  for (let round = 0; round < MAX_ROUNDS && world.problems.length === 0; round++) {
    await world.run('copy', { store: null });
    await world.forceTick();
    const report = await world.run('replay', { store: null });
    await world.run('maintain');
    const [now] = await world.superuser<{ open: bigint; saved: bigint; errors: bigint }>(
      'new',
      `select count(*) filter (where t.merge_state is distinct from 'ok') as open,
              (select count(*) from pgtide.saved_ddl where kind in ('index', 'constraint', 'foreign key')) as saved,
              (select count(*) from pgtide.table_state where error is not null) as errors
         from londiste.table_info t where t.local`,
    );
    if (now?.errors) break;
    if (!report.error && now?.open === 0n && now.saved === 0n) return undefined;
    state = { outcome: report.outcome, error: report.error?.message };
    if (report.error) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (world.problems.length > 0) return undefined;
  const tables = await world.superuser(
    'new',
    `select s.table_name, s.phase, s.error, t.merge_state,
            (select array_agg(c.state) from pgtide.copy_chunk c where c.table_name = s.table_name) as chunks,
            (select count(*)::int from pgtide.parked_event p where p.table_name = s.table_name) as parked,
            (select array_agg(d.kind || ' ' || d.restore_sql || coalesce(' ' || d.error, '')) from pgtide.saved_ddl d where d.table_name = s.table_name) as saved
       from pgtide.table_state s join londiste.table_info t using (queue_name, table_name)
      where s.error is not null or s.phase <> 'ok' or exists (select from pgtide.saved_ddl d where d.table_name = s.table_name)`,
  );
  return `the leaf does not come into step: ${JSON.stringify({ ...Object(state), tables }, null, 1)}`;
}

/** Rows that differ, by the independent oracle, and commits that a client saw and that are missing. */
export async function differences(world: World): Promise<string[]> {
  const problems = await differentRows(world, world.tables);
  for (const { audit, seen } of world.writers)
    for (const side of sides) {
      const lines = await world.superuser<{ line: number }>(side, `select line from ${audit}`);
      const there = new Set(lines.map(({ line }) => line));
      const lost = [...seen].filter((line) => !there.has(line));
      if (lost.length > 0) problems.push(`${audit}: commits that were answered are not on ${side}: ${lost}`);
    }
  return problems;
}

/**
 * Compares tables that are about to be copied again, since the copy would hide their faults: tables that are in step are
 * equal once all is replayed. Call it only while nothing else runs. Returns how many tables could be compared.
 */
export async function lookBefore(world: World, tables: readonly string[]): Promise<number> {
  await world.forceTick();
  let caughtUp = false;
  for (let run = 0; run < 4 && !caughtUp; run++)
    caughtUp = (await world.run('replay', { store: null })).outcome?.kind === 'idle';
  if (!caughtUp) return 0;
  const inStep = await world.superuser<{ name: string }>(
    'new',
    `select substr(t.table_name, 8) as name from londiste.table_info t left join pgtide.table_state s using (queue_name, table_name)
      where t.local and t.merge_state = 'ok' and coalesce(s.phase, 'ok') = 'ok' and s.error is null`,
  );
  const chosen = inStep.map(({ name }) => name).filter((name) => tables.includes(name));
  for (const problem of await differentRows(world, chosen))
    world.problems.push(`before it is copied again, ${problem}`);
  return chosen.length;
}

async function differentRows(world: World, tables: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  for (const table of tables) {
    const [root, leaf] = [await rowsOf(world.database.old, table), await rowsOf(world.database.new, table)];
    if (JSON.stringify(root) === JSON.stringify(leaf)) continue;
    const short = (line: string) =>
      line.replaceAll(/([0-9a-f]{32})+/g, (text) => `${text.slice(0, 6)}…${text.length}`);
    const lost = root.filter((line) => !leaf.includes(line)).map((line) => `- ${short(line)}`);
    const extra = leaf.filter((line) => !root.includes(line)).map((line) => `+ ${short(line)}`);
    problems.push(
      `${table}: ${root.length} rows on the root, ${leaf.length} on the leaf:\n${[...lost, ...extra].slice(0, 20).join('\n')}`,
    );
  }
  return problems;
}

/** Each query returns rows that should not be there. */
const nothing: [side: Side, what: string, sql: string][] = [
  ['new', 'parked events', `select * from pgtide.parked_event`],
  ['new', 'chunks that are not copied', `select * from pgtide.copy_chunk where state <> 'copied'`],
  ['new', 'a place inside a batch', `select * from pgtide.replay_state where slice_tick is not null`],
  ['new', 'an error of the consumer', `select * from pgq_node.local_state where cur_error is not null`],
  ['new', 'rows that did not fit', `select * from pgtide.table_stats where missing > 0 or conflicts > 0`],
  [
    'old',
    'open batches, or events that were not read',
    `select s.* from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
      where c.co_name = '${CONSUMER}' and (s.sub_batch is not null or s.sub_last_tick <> (select max(tick_id) from pgq.tick))`,
  ],
  [
    'old',
    'other consumers',
    `select co_name from pgq.consumer c join pgq.subscription s on s.sub_consumer = c.co_id
      where co_name not in ('${CONSUMER}', '.new.watermark', '.global_watermark', '.old.watermark')`,
  ],
  ['old', 'events to be tried again', `select * from pgq.retry_queue`],
];
const nothingOnEither: [what: string, sql: string][] = [
  ['temporary tables', `select relname from pg_class where relpersistence = 't' and relkind = 'r'`],
  [
    'advisory locks',
    `select l.* from pg_locks l join pg_database d on d.oid = l.database where locktype = 'advisory' and d.datname = current_database()`,
  ],
  [
    'connections',
    `select application_name, state, query from pg_stat_activity where datname = current_database() and application_name like 'pgtide%'`,
  ],
  [
    'invalid indexes',
    `select indexrelid::regclass::text from pg_index where not indisvalid or not indisready`,
  ],
  ['constraints that were not validated', `select conname from pg_constraint where not convalidated`],
];

/** Everything that is not in order. A connection takes a moment to end, and so do the locks that it held. */
export async function leftovers(world: World, patienceMs = 3_000): Promise<string[]> {
  const problems: string[] = [];
  for (const side of sides) {
    const ofSide = nothing.filter(([where]) => where === side).map(([, what, sql]) => [what, sql] as const);
    await world.database[side].superuser(async (client) => {
      for (const [what, sql] of [...ofSide, ...nothingOnEither]) {
        const found = () => client.query(sql);
        await until(what, async () => (await found()).length === 0, patienceMs).catch(async () => {
          problems.push(`${side}: ${what}: ${JSON.stringify(await found(), showBigint)}`);
        });
      }
    });
  }
  const [position] = await world.superuser<{ tick: bigint }>(
    'new',
    `select last_tick_id as tick from pgq_node.local_state where consumer_name = '${CONSUMER}'`,
  );
  const [last] = await world.superuser<{ tick: bigint }>('old', 'select max(tick_id) as tick from pgq.tick');
  if (position?.tick !== last?.tick)
    problems.push(`the position is ${position?.tick}, the last tick ${last?.tick}`);
  return problems;
}

/** Runs that still find something to do, or that are kept out. Leases are free once the time of their holders is over. */
export async function unrest(world: World): Promise<string[]> {
  const problems: string[] = [];
  for (let minute = 0; minute < 10; minute++) world.timePasses();
  for (const unit of ['replay', 'copy'] as const) {
    const report = await world.run(unit);
    if (report.outcome?.kind !== 'idle')
      problems.push(
        `a last ${unit} was not idle: ${JSON.stringify(report.outcome)} ${report.error?.message ?? ''}`,
      );
  }
  return problems;
}

const showBigint = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);

/** Constraints, indexes and triggers of a node's tables, as SQL, and all functions. */
export async function furniture(world: World, side: Side): Promise<string[]> {
  const rows = await world.superuser<{ line: string }>(
    side,
    `select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || condeferrable::text || condeferred::text as line
       from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
     union all select pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indrelid where relnamespace = 'public'::regnamespace
     union all select pg_get_triggerdef(t.oid) || tgenabled::text from pg_trigger t join pg_class c on c.oid = tgrelid
       where relnamespace = 'public'::regnamespace and not tgisinternal
     union all select oid::regprocedure::text from pg_proc where oid >= 16384
     order by 1`,
  );
  return rows.map(({ line }) => line);
}

/** Once the tables have left the queue, they are as they were created, and nothing of ours is left on them. */
export async function removal(world: World): Promise<string[]> {
  await world.onDemand('remove-table', (context) =>
    removeTable(context, removeTableInput.parse({ all: true, now: true })),
  );
  const problems: string[] = [];
  for (const side of sides) {
    const [then, now] = [world.furniture[side], await furniture(world, side)];
    const lost = then.filter((line) => !now.includes(line));
    const extra = now.filter((line) => !then.includes(line));
    if (lost.length + extra.length > 0)
      problems.push(
        `constraints, indexes, triggers, functions of ${side}: lost ${JSON.stringify(lost)}, new ${JSON.stringify(extra)}`,
      );
  }
  for (const table of ['saved_ddl', 'table_state', 'copy_chunk', 'parked_event', 'table_stats']) {
    const rows = await world.superuser('new', `select * from pgtide.${table} where queue_name = '${QUEUE}'`);
    if (rows.length > 0) problems.push(`${table} after removal: ${JSON.stringify(rows, showBigint)}`);
  }
  return problems;
}
