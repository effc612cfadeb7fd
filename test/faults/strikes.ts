/** What each fault of the list does to a run: those of the run, the network and the lease are here. */
import type { ErrorKind } from '../../lib/errors.ts';
import { leaseKey } from '../../lib/lease/lease-store.ts';
import { type Fault, isCommit } from '../support/crash-proxy.ts';
import { until } from '../support/until.ts';
import { runDoomed } from './doomed.ts';
import type { StrikeName } from './fault-names.ts';
import { atGap, briefly } from './gaps.ts';
import { answerLost, refusing, releaseLost } from './lease-faults.ts';
import type { Strike } from './schedule.ts';
import { serverStrikes } from './server-strikes.ts';
import { hurried, inGap, type Striking, type StruckRun, withOptions } from './strike.ts';
import { QUEUE } from './world-config.ts';

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

/** Other runs take over with a clock that is ahead of the lease's end, and get as far as they can. */
async function overtake({ world, unit }: StruckRun): Promise<void> {
  await briefly(world, world.run(unit, { skewMs: 600_000 }), 1_500);
}

const terminate = ({ world, strike }: StruckRun) =>
  world.superuser(
    strike.side,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pgtide%'`,
  );

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
  ...serverStrikes,
};
