import type { Act } from './schedule.ts';
import { isConnectionLoss } from './session.ts';
import type { World } from './world.ts';

let columns = 0;

/**
 * Changes a table's columns while it is replicated, in an operator's order: a new column is added on the subscriber first;
 * a column is dropped or renamed when the subscriber has caught up and no session writes.
 */
export async function alter(
  world: World,
  known: Map<string, string[]>,
  { kind, table: nr }: Extract<Act, { do: 'alter' }>,
): Promise<void> {
  const table = world.schema.name(nr);
  const extra = known.get(table) ?? [];
  known.set(table, extra);
  for (const writer of world.writers) await writer.commit();
  if (kind === 'add') {
    const column = `x${++columns}`;
    const sql = `alter table ${table} add column ${column} int default ${columns % 3 === 0 ? 'null' : columns}`;
    await onBoth(world, [sql, `alter table ${table} drop column ${column}`]);
    extra.push(column);
    await world.writers[1]?.write(`update ${table} set ${column} = n where n % 2 = 0`, 'commit');
    return;
  }
  const column = extra.shift();
  if (!column) return;
  if (!(await caughtUp(world, table))) return void extra.unshift(column);
  if (kind === 'drop') {
    await onBoth(world, [`alter table ${table} drop column ${column}`, '']);
    return;
  }
  const renamed = `y${++columns}`;
  await onBoth(world, [`alter table ${table} rename column ${column} to ${renamed}`, '']);
  extra.push(renamed);
  await world.writers[2]?.write(`update ${table} set ${renamed} = n + 1`, 'commit');
}

async function onBoth(world: World, [sql, undo]: [string, string]): Promise<void> {
  await world.user.new.query(sql);
  try {
    await world.user.old.query(sql);
  } catch (error) {
    if (!isConnectionLoss(error) || undo === '') throw error;
    await world.user.new.query(undo);
  }
}

/** True if the subscriber has everything that was written to the table, and keeps none of it for later. */
export async function caughtUp(world: World, table: string): Promise<boolean> {
  await world.forceTick();
  for (let run = 0; run < 3; run++) await world.run('replay', { store: null });
  const [settled] = await world.superuser<{ ok: boolean }>(
    'new',
    `select coalesce(merge_state, '') = 'ok' as ok from londiste.table_info where table_name = 'public.${table}'`,
  );
  const report = await world.run('replay', { store: null });
  return settled?.ok === true && report.outcome?.kind === 'idle';
}
