/** What each fault of the list does to a run. */
import { type ErrorKind, PgtideError } from '../../lib/errors.ts';
import { leaseKey } from '../../lib/lease/lease-store.ts';
import type { RunReport } from '../../lib/runtime/run-report.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { type Fault, isCommit } from '../support/crash-proxy.ts';
import { until } from '../support/until.ts';
import { backUp } from './backup.ts';
import { runDoomed } from './doomed.ts';
import type { StrikeName } from './fault-names.ts';
import { atGap, briefly, type Gap } from './gaps.ts';
import { answerLost, refusing, releaseLost } from './lease-faults.ts';
import { heldWhile, locksOf } from './locks.ts';
import { type RunUnit, type Side, type Strike, sides } from './schedule.ts';
import type { RunOptions, World } from './world.ts';
import { CONSUMER, QUEUE } from './world-config.ts';

export interface StruckRun {
  world: World;
  unit: RunUnit;
  strike: Strike;
  /** What others do while the fault lasts. */
  meanwhile: () => Promise<void>;
}

/** Carries out the run with its fault; true when the fault came about. */
type Striking = (it: StruckRun) => Promise<boolean>;

/** A fault that comes in a gap between two steps. */
const inGap =
  (act: (it: StruckRun) => Promise<unknown>, options: (it: StruckRun) => RunOptions = () => ({})): Striking =>
  async (it) => {
    const gap: Gap = atGap(it, async () => {
      await act(it);
      await it.meanwhile();
    });
    await it.world.run(it.unit, { ...options(it), at: gap.at });
    return gap.met;
  };

/** A fault of the connection at a request. */
const atRequest =
  (how: Fault['how'], chosen: (strike: Strike) => Fault['at']): Striking =>
  async ({ world, unit, strike, meanwhile }) => {
    const wire = world.wires[strike.side];
    wire.arm({ at: chosen(strike), how });
    const run = world.run(unit, { wired: true });
    if (how === 'dead') {
      let ended = false;
      const done = run.finally(() => {
        ended = true;
      });
      await until('the wire is dead, or the run over', () => wire.struck || ended, 30_000);
      if (!ended) await meanwhile();
      wire.hangUp();
      await done;
    }
    await run;
    const { struck } = wire;
    wire.arm({ at: () => false, how: 'before' });
    if (how !== 'dead') await meanwhile();
    return struck;
  };

const nthCommit = ({ nth }: Strike): Fault['at'] => {
  let commits = 0;
  return (request) => isCommit(request) && ++commits === Math.max(1, nth);
};
const nthRequest = ({ gap }: Strike): Fault['at'] => {
  const chosen = 1 + (gap % 10);
  return (_request, nr) => nr === chosen;
};

const withOptions =
  (options: (it: StruckRun) => RunOptions): Striking =>
  async (it) => {
    await it.world.run(it.unit, options(it));
    await it.meanwhile();
    return true;
  };

/** Less time for each statement and each pause than the run takes. */
const hurried =
  (ms: number) =>
  (context: UnitContext): UnitContext => ({
    ...context,
    budget: Object.assign(Object.create(context.budget), { remainingMs: () => ms, allows: () => true }),
  });

const ended = (report: RunReport<unknown>, kind: string) => report.error?.kind === kind;

/** Other runs take over with a clock that is ahead of the lease's end, and get as far as they can. */
async function overtake({ world, unit }: StruckRun): Promise<void> {
  await briefly(world, world.run(unit, { skewMs: 600_000 }), 1_500);
}

const terminate = ({ world, strike }: StruckRun) =>
  world.superuser(
    strike.side,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pgtide%'`,
  );

async function restart(world: World, side: Side): Promise<void> {
  await world.servers.server[side].stop('immediate');
  await world.servers.server[side].start();
  if (side === 'old') await world.openOldTransaction();
}

const killed: Striking = async (it) => {
  const { world, unit } = it;
  if (unit !== 'replay' && unit !== 'copy') return false;
  const taken = await world.store().acquire(leaseKey(unit, QUEUE, 'new'), `doomed ${Math.random()}`, 40_000);
  if (taken.kind === 'held') {
    world.timePasses();
    return false;
  }
  const gap = atGap(it, it.meanwhile);
  const targets = { old: world.database.old.target, new: world.database.new.target };
  const order = { unit, config: world.config, queue: QUEUE, epoch: String(taken.lease.epoch), targets };
  const result = await runDoomed(order, async (step) => {
    await gap.at(step);
    return gap.met;
  });
  if (['internal', 'unknown', 'exit'].includes(result.end))
    world.problems.push(`doomed ${unit}: ${result.message}`);
  // Its lease stays, as those of runs that are killed do; others find it held until it expires.
  if (!result.killed) await world.store().release(taken.lease);
  return result.killed;
};

const leaseLost: Striking = inGap(overtake);

/** The run does not begin, and a run by hand does what it would have done. */
const leaseError =
  (name: string, kind: ErrorKind): Striking =>
  async (it) => {
    const report = await it.world.run(it.unit, { store: refusing(name), tolerates: kind });
    if (report.error?.kind !== kind)
      it.world.problems.push(`a run without its lease: ${report.error?.message ?? 'no error'}`);
    return withOptions(() => ({ store: null }))(it);
  };

const late: Striking = inGap(async (it) => {
  const { world } = it;
  for (let minute = 0; minute < 3; minute++) world.timePasses();
  await briefly(world, world.run('tick'));
  await briefly(world, world.run('replay'), 1_000);
  await briefly(world, world.run('copy'), 1_000);
  await briefly(world, world.run('replay'), 1_000);
});

const duplicate: Striking = async ({ world, unit, meanwhile, strike }) => {
  const owner = `delivery ${strike.gap} ${Math.random()}`;
  await Promise.all([world.run(unit, { owner }), world.run(unit, { owner }), meanwhile()]);
  return true;
};

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

/** The user has a row that replay wants, and wants a table that replay has. */
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
 * What the leaf had applied is gone, and the root does not have it any more; or the leaf has applied what the root has never had:
 * the position is lost, and all is copied again. Where nothing was applied in between, an operator does so all the same, who knows
 * that a backup was restored.
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
    // As many ticks as there were, so that their ids are given again.
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

/** No more room on the subscriber's disk until the run is over; for every third also none for the log, which crashes the server. */
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

/** Fills the log's segments that are there. The server goes down in the attempt to make another. */
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

export const strikes: Record<StrikeName, Striking> = {
  killed,
  'backend terminated': inGap(terminate),
  'duplicate invocation': duplicate,
  'late invocation': late,
  'frozen in a transaction': inGap(
    () => new Promise((resolve) => setTimeout(resolve, 350)),
    () => ({ alter: hurried(150) }),
  ),
  'COMMIT lost': atRequest('before', nthCommit),
  'answer to COMMIT lost': atRequest('after', nthCommit),
  'request lost': atRequest('before', nthRequest),
  'answer lost': atRequest('after', nthRequest),
  'half-open connection': atRequest('dead', nthRequest),
  'stalled network': inGap(
    async ({ world, strike }) => void world.servers.relay[strike.side].stall(250),
    () => ({ wired: true }),
  ),
  'lease store throttles': leaseError('ThrottlingException', 'busy'),
  'lease store fails': leaseError('InternalServerError', 'connection'),
  'lease store refuses': leaseError('ValidationException', 'state'),
  'lease store is gone': leaseError('ECONNREFUSED', 'connection'),
  'answer of the lease store lost': withOptions(({ world }) => ({ store: answerLost(world.store()) })),
  'release lost': withOptions(({ world }) => ({ store: releaseLost(world.store()) })),
  'lease lost in mid-run': leaseLost,
  'clock ahead': inGap(
    async () => undefined,
    () => ({ skewMs: 300_000 }),
  ),
  'clock behind': inGap(
    async () => undefined,
    () => ({ skewMs: -300_000 }),
  ),
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
};
