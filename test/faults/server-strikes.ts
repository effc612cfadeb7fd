/** What each fault of the servers and of their users does to a run. */
import { PgtideError } from '../../lib/errors.ts';
import type { RunReport } from '../../lib/runtime/run-report.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { until } from '../support/until.ts';
import { backUp } from './backup.ts';
import type { StrikeName } from './fault-names.ts';
import { atGap, briefly } from './gaps.ts';
import { heldWhile, locksOf } from './locks.ts';
import { type Side, sides } from './schedule.ts';
import { hurried, inGap, type Striking } from './strike.ts';
import type { World } from './world.ts';
import { CONSUMER } from './world-config.ts';

async function restart(world: World, side: Side): Promise<void> {
  await world.servers.server[side].stop('immediate');
  await world.servers.server[side].start();
  if (side === 'old') await world.openOldTransaction();
}

const ended = (report: RunReport<unknown>, kind: string) => report.error?.kind === kind;

const statementTimeout: Striking = async ({ world, unit, meanwhile }) => {
  let report: RunReport<unknown> | undefined;
  await heldWhile(world.user.new, 'begin; lock table wide in access exclusive mode', async () => {
    report = await world.run(unit, { alter: hurried(200) });
  });
  await meanwhile();
  return report !== undefined && ended(report, 'busy');
};

const lockTimeout: Striking = async ({ world, meanwhile }) => {
  await world.resync('wide');
  await heldWhile(world.user.new, 'begin; select count(*) from wide', async () => {
    await world.run('copy');
  });
  await meanwhile();
  return true;
};

/** The user has locked a row that replay waits for, and waits for a table that replay has locked. */
const deadlock: Striking = async ({ world, meanwhile }) => {
  let found = false;
  const user = world.user.new;
  await heldWhile(user, 'begin; select hot from wide for update', async () => {
    const run = world.run('replay').then((report) => {
      found ||= /deadlock/.test(report.error?.message ?? '');
    });
    const blocked = `select 1 from pg_stat_activity where datname = current_database() and application_name like 'pgtide%' and wait_event_type = 'Lock'`;
    let over = false;
    void run.finally(() => {
      over = true;
    });
    await world.database.new.superuser((client) =>
      until('blocked, or over', async () => over || (await client.query(blocked)).length > 0, 30_000),
    );
    if (!over)
      await user.query('lock table audit_0 in access exclusive mode').catch((error: unknown) => {
        if (!(error instanceof PgtideError)) throw error;
        found ||= /deadlock/.test(error.message);
      });
    await user.query('rollback').catch(() => undefined);
    await run;
  });
  await meanwhile();
  return found;
};

const lastTickSql: Record<Side, string> = {
  old: 'select max(tick_id) as tick from pgq.tick',
  new: `select last_tick_id as tick from pgq_node.local_state where consumer_name = '${CONSUMER}'`,
};

async function lastTick(world: World, side: Side): Promise<bigint> {
  const [row] = await world.superuser<{ tick: bigint }>(side, lastTickSql[side]);
  return row?.tick ?? 0n;
}

/**
 * Either the leaf has lost what it had applied, and the root does not have it any more, or the leaf has applied changes that the root has never
 * had. The position is lost, and all tables are copied again. If nothing was applied in between, no run notices it; the operator, who knows that a
 * backup was restored, has them copied again as well.
 */
const restored =
  (side: Side): Striking =>
  async ({ world, meanwhile }) => {
    const backup = await backUp(world, side);
    await meanwhile();
    await world.change();
    const applied = await world.run('replay', { store: null });
    await Promise.allSettled(world.loose.splice(0));
    const position = await lastTick(world, 'new');
    await backup.restore();
    // As many ticks as there were, so that their ids are used again.
    do await world.change();
    while ((await lastTick(world, 'old')) < position);
    const report = await world.run('replay', { store: null, tolerates: 'lost-position' });
    const noticed = report.error?.kind === 'lost-position';
    if (!noticed && !report.error && applied.counts.batches)
      world.problems.push(`the restored ${side} was not noticed: ${JSON.stringify(report.outcome)}`);
    for (const deadline = Date.now() + 10_000; ; ) {
      const again = await world.byHand('resync', (context) =>
        resync(context, resyncInput.parse({ all: true })),
      );
      if (!again.error) return noticed;
      if (!['busy', 'connection'].includes(again.error.kind) || Date.now() > deadline) {
        world.problems.push(`resync --all: ${again.error.message}`);
        return noticed;
      }
    }
  };

/** The subscriber's disk is full until the run is over. In a third of the cases the log has no room either, which crashes the server. */
const diskFull: Striking = async (it) => {
  const { world, unit, strike } = it;
  const { disk } = world.servers;
  if (!disk) return false;
  const logToo = strike.gap % 3 === 0;
  const gap = atGap(it, async () => {
    disk.fill();
    if (logToo) await useUpLog(world);
    await it.meanwhile();
  });
  let report: RunReport<unknown>;
  try {
    report = await world.run(unit, { at: gap.at });
    await Promise.allSettled(world.loose.splice(0));
  } finally {
    disk.free();
    if (logToo && gap.met) await restart(world, 'new');
  }
  return gap.met && report.error !== undefined;
};

/** Uses up the segments of the log. The server crashes when it tries to create another. */
async function useUpLog(world: World): Promise<void> {
  for (let segment = 0; segment < 40; segment++)
    try {
      await world.superuser('new', 'select txid_current(), pg_switch_wal()');
    } catch (error) {
      if (error instanceof PgtideError && ['connection', 'busy'].includes(error.kind)) return;
      throw error;
    }
}

const heldLocks =
  (mode: 'pg_dump' | 'autovacuum'): Striking =>
  async ({ world, unit, strike, meanwhile }) => {
    const statement = await locksOf(world, strike.side, mode);
    await heldWhile(world.user[strike.side], statement, async () => {
      await briefly(world, world.run(unit), 400);
    });
    await meanwhile();
    return true;
  };

export const serverStrikes = {
  'restarted provider': inGap(({ world }) => restart(world, 'old')),
  'restarted subscriber': inGap(({ world }) => restart(world, 'new')),
  'restored subscriber': restored('new'),
  'restored provider': restored('old'),
  'disk full': diskFull,
  'statement timeout': statementTimeout,
  'lock timeout': lockTimeout,
  deadlock,
  'locks of pg_dump': heldLocks('pg_dump'),
  'locks of autovacuum': heldLocks('autovacuum'),
  'rotation in mid-run': inGap(async ({ world }) => {
    for (const _ of sides) await briefly(world, world.run('maintain'), 1_000);
  }),
} satisfies Partial<Record<StrikeName, Striking>>;
