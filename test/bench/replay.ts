/** The time that a subscriber takes for what a provider has committed. */
import { type Bench, type BenchCase, type BenchResult, logicalWal, scaled } from './case.ts';
import { createDatabase, demandEqual, type Owner, settle } from './database.ts';
import { type Follower, markDdl, setMark } from './follower.ts';
import { LONDISTE, startLondiste } from './londiste.ts';
import { inTurn, judged, type Medians, medianOf, peersOf, type Side, seconds } from './measure.ts';
import { followNatively, NATIVE } from './native.ts';
import { followWithPgtide, PLAIN_ROLE } from './pgtide-follower.ts';
import { cpuSecondsOf } from './processes.ts';
import { runLoad } from './single-row.ts';
import { createFollowed, followed, type Workload, workloads } from './workloads.ts';

const SUSTAINED_SECONDS = 10;

export const replay: BenchCase = {
  name: 'replay',
  minutes: 7,
  async run(bench) {
    const sides = await prepareSides(bench);
    const marks = new Marks();
    const results: BenchResult[] = [];
    for (const workload of workloads(bench))
      results.push(...(await measure(bench, { sides, marks }, workload)));
    results.push(await measureSustained(bench, { sides, marks }));
    for (const side of sides) await demandEqual(side.name, [side.provider, side.subscriber], followed);
    return results;
  },
};

/** A number for each end of a workload. */
class Marks {
  #last = 0;

  next(): number {
    this.#last++;
    return this.#last;
  }
}

interface Field {
  sides: readonly Follower[];
  marks: Marks;
}

/** Each side has servers of its own, so that no server decodes or writes the changes of another side. */
async function prepareSides(bench: Bench): Promise<Follower[]> {
  const pair = async (settings: Record<string, string> = {}, owner: Owner = 'replica_owner') => {
    const make = async (name: string) => {
      const database = await createDatabase(await bench.server(settings), name, { owner });
      await createFollowed(bench, database);
      await database.run(markDdl);
      return database;
    };
    return Promise.all([make('provider'), make('subscriber')]);
  };
  const native = await pair(logicalWal);
  const sides = [
    await followWithPgtide(bench, 'pgtide', ...(await pair())),
    await followNatively(...native, followed),
    await followWithPgtide(bench, PLAIN_ROLE, ...(await pair({}, 'plain_owner'))),
  ];
  if (bench.build.londiste)
    sides.push(await startLondiste(bench, await pair(), followed, { expectSync: true }));
  return sides;
}

async function measure(bench: Bench, { sides, marks }: Field, workload: Workload): Promise<BenchResult[]> {
  const taking = sides.filter(({ name }) => workload.everybody || name === 'pgtide' || name === NATIVE);
  const medians = await inTurn(
    bench,
    `replay ${workload.name}`,
    taking.map(
      (side): Side => ({
        name: side.name,
        once: side.name === LONDISTE,
        run: (round) => once(side, workload, { round, mark: marks.next() }),
      }),
    ),
  );
  return resultsOf(workload, medians);
}

async function once(
  side: Follower,
  workload: Workload,
  { round, mark }: { round: number; mark: number },
): Promise<Record<string, number>> {
  await settle(side.provider, side.subscriber);
  if (workload.backlog) await side.hold?.();
  const sql = workload.sql(round);
  await side.provider.asOwner(async (client) => {
    if (workload.backlog) {
      await client.query(sql);
      await client.query(setMark(mark));
    } else await client.query(`begin; ${sql}; ${setMark(mark)}; commit`);
  });
  // Figures that a busy machine changes less than the time: CPU of both servers and of this process.
  const cpu = () =>
    cpuSecondsOf(side.provider.server) + cpuSecondsOf(side.subscriber.server) + process.cpuUsage().user / 1e6;
  const before = cpu();
  const measured = { seconds: await seconds(() => side.follow(mark)), cpu: cpu() - before };
  await side.tidy();
  return measured;
}

function resultsOf({ name, goal }: Workload, medians: Medians): BenchResult[] {
  const lines = [PLAIN_ROLE, 'pgtide'].filter((side) => medians.has(side)).toReversed();
  return lines.map((side) =>
    judged({
      name: `replay: ${name}${side === PLAIN_ROLE ? ', without replica mode' : ''}`,
      unit: 's',
      ours: medianOf(medians, side, 'seconds'),
      peers: withoutOurs(peersOf(medians, 'seconds', side)),
      against: NATIVE,
      ...(goal ? { goal } : {}),
    }),
  );
}

function withoutOurs(peers: Record<string, number | undefined>): Record<string, number | undefined> {
  const { pgtide: _ours, [PLAIN_ROLE]: _plain, ...others } = peers;
  return others;
}

/** Writers at full speed, and followers beside them: changes per second until the last change has arrived. */
async function measureSustained(bench: Bench, { sides, marks }: Field): Promise<BenchResult> {
  const [ours, native] = ['pgtide', NATIVE].map((name) => sides.find((side) => side.name === name));
  if (!ours || !native) throw new Error('both sides are needed');
  const run = async (side: Follower): Promise<Record<string, number>> => {
    await settle(side.provider, side.subscriber);
    let writing = true;
    const load = runLoad(bench, side.provider, {
      statement: `update orders set amount = amount + 1, updated_at = updated_at + interval '1 second' where id = :id`,
      ids: scaled(bench, 600_000, 4_000),
      clients: 2,
      seconds: Math.max(2, SUSTAINED_SECONDS * bench.scale),
    }).finally(() => {
      writing = false;
    });
    let changes = 0;
    const taken = await seconds(async () => {
      await Promise.all([load, side.accompany?.(() => writing)]);
      changes = (await load).transactions;
      const mark = marks.next();
      await side.provider.run(setMark(mark));
      await side.follow(mark);
    });
    await side.tidy();
    return { changesPerSecond: changes / taken, behindSeconds: taken - (await load).seconds };
  };
  const medians = await inTurn(
    bench,
    'replay sustained',
    [ours, native].map((side): Side => ({ name: side.name, run: () => run(side) })),
  );
  return judged({
    name: 'replay: sustained rate of single-row transactions, writers at full speed beside it',
    unit: '1/s',
    ours: medianOf(medians, 'pgtide', 'changesPerSecond'),
    peers: peersOf(medians, 'changesPerSecond'),
    against: NATIVE,
  });
}
