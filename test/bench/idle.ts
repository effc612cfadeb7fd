/** The cost of a pair while nothing happens: the calls of the packaged functions, their loading, and their size. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseConfig, queueConfig } from '../../lib/config/config.ts';
import { monthlyCost, schedule } from '../../lib/demo/monthly-cost.ts';
import { leaseKey } from '../../lib/lease/lease-store.ts';
import { startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import type { Unit } from '../../lib/unit-context/context.ts';
import { type UnitName, type UnitTraits, units } from '../../lib/unit-context/registry.ts';
import { copy } from '../../lib/units/copy.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { tick } from '../../lib/units/tick.ts';
import { readZip } from '../support/zip.ts';
import type { Bench, BenchCase, BenchResult } from './case.ts';
import { type BenchDatabase, createDatabase } from './database.ts';
import type { IdleProcessResult } from './idle-process.ts';
import { judged, median, seconds } from './measure.ts';
import { ordersDdl, ordersRows } from './orders.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { configOf, type PgtideRunner, QUEUE } from './pgtide-runner.ts';
import { run } from './single-row.ts';

const ZIPS = join(import.meta.dirname, '..', '..', '.serverless');
/** The calls of each function after the first. The first one loads what the module has deferred. */
const CALLS = 20;
const ROWS = 10_000;
const scheduledUnits: readonly (readonly [UnitName, Unit, string])[] = [
  ['tick', tick, 'old'],
  ['replay', replay, 'new'],
  ['copy', copy, 'new'],
  ['maintain', maintain, 'old'],
];

export const idle: BenchCase = {
  name: 'idle',
  minutes: 1,
  async run(bench) {
    const { root, runner, configuration } = await idlePair(bench);
    const zips = zipNames();
    if (zips.length === 0)
      bench.say('no zips here (npm run package makes them): units are called without them');
    const packaged = zips.length > 0 ? await measureZips(bench, zips, configuration) : undefined;
    const idleMs = packaged?.idleMs ?? (await measureUnits(runner));
    const emptyTickMs = await measureEmptyTick(runner, root);
    bench.detail(`an idle tick costs replay ${emptyTickMs.toFixed(0)} ms more`);
    const monthMs = new Map(idleMs);
    monthMs.set('replay', (idleMs.get('replay') ?? 0) + emptyTickMs * Math.min(1, 60 / idleTickSeconds()));
    // Without the zips no unit rests, and a call that would be left out counts as a whole one.
    const { total, lambda, dynamoDb, logs, metrics, secrets } = monthlyCost(
      (unit, call) =>
        (call === 'resting' ? packaged?.restingMs.get(unit) : undefined) ?? monthMs.get(unit) ?? 0,
    );
    return [
      judged({
        name: 'idle: functions and leases of a pair for a month, at list prices',
        unit: 'USD',
        ours: lambda + dynamoDb,
        peers: { 'of it Lambda': lambda, 'of it DynamoDB': dynamoDb },
        goal: { most: 0.15 },
      }),
      judged({
        name: 'idle: a deployment with one pair for a month, at list prices',
        unit: 'USD',
        ours: total,
        peers: {
          'of it Lambda and DynamoDB': lambda + dynamoDb,
          'of it logs': logs,
          'of it a metric': metrics,
          'of it two secrets': secrets,
        },
      }),
      ...[...idleMs].map(([unit, ours]) =>
        judged({ name: `idle: a call of ${unit} that finds nothing to do`, unit: 'ms', ours, peers: {} }),
      ),
      ...(packaged?.results ?? []),
    ];
  },
};

interface IdlePair {
  root: BenchDatabase;
  runner: PgtideRunner;
  configuration: string;
}

/** A table in step, and nothing else to do. Idle ticks are off: their cost is measured separately. */
async function idlePair(bench: Bench): Promise<IdlePair> {
  const [root, leaf] = [
    await createDatabase(await bench.server(), 'root'),
    await createDatabase(await bench.server(), 'leaf'),
  ];
  for (const database of [root, leaf]) await database.run(ordersDdl);
  await root.run(`insert into orders ${ordersRows(1, ROWS)}`);
  const tuning = { tickSeconds: 3, idleTickSeconds: 3600 };
  const runner = await createPgtidePair(root, leaf, tuning);
  await addTables(runner, ['public.orders']);
  for (let round = 0; round < 10; round++) {
    const outcomes: (string | undefined)[] = [];
    for (const [name, unit, node] of scheduledUnits)
      outcomes.push((await runner.scheduled(name, unit, node)).outcome?.kind);
    if (outcomes.every((outcome) => outcome === 'idle')) break;
    await root.administer(`select pgq.force_tick('shop')`);
  }
  return { root, runner, configuration: configOf(root, leaf, tuning) };
}

async function measureUnits(runner: PgtideRunner): Promise<Map<UnitName, number>> {
  const idleMs = new Map<UnitName, number>();
  for (const [name, unit, node] of scheduledUnits) {
    const times: number[] = [];
    for (let call = 0; call <= CALLS; call++)
      times.push((await seconds(() => runner.scheduled(name, unit, node))) * 1000);
    idleMs.set(name, median(times.slice(1)));
  }
  return idleMs;
}

/** How much longer a call of replay takes if it finds a tick without events. Such a tick comes every `idleTickSeconds`. */
async function measureEmptyTick(runner: PgtideRunner, root: BenchDatabase): Promise<number> {
  const times = { idle: [] as number[], ticked: [] as number[] };
  for (let call = 0; call <= CALLS; call++)
    for (const kind of ['idle', 'ticked'] as const) {
      if (kind === 'ticked')
        await root.administer(`select pgq.force_tick('${QUEUE}'); select pgq.ticker('${QUEUE}')`);
      times[kind].push((await seconds(() => runner.scheduled('replay', replay, 'new'))) * 1000);
    }
  return Math.max(0, median(times.ticked.slice(1)) - median(times.idle.slice(1)));
}

function idleTickSeconds(): number {
  const nodes = { old: { url: 'postgres://app@localhost/old' } };
  const config = parseConfig(JSON.stringify({ nodes, queues: { [QUEUE]: { root: 'old' } } }));
  return queueConfig(config, QUEUE).idleTickSeconds;
}

function zipNames(): string[] {
  if (!existsSync(ZIPS)) return [];
  const names = readdirSync(ZIPS).flatMap((file) => /^(.+)\.zip$/.exec(file)?.[1] ?? []);
  return schedule.every(({ unit }) => names.includes(unit)) ? names : [];
}

interface Packaged {
  idleMs: Map<UnitName, number>;
  restingMs: Map<UnitName, number>;
  results: BenchResult[];
}

async function measureZips(bench: Bench, zips: string[], configuration: string): Promise<Packaged> {
  const folder = bench.folder();
  writeFileSync(join(folder, 'pgtide.yml'), configuration);
  const dynamo = await startLocalDynamoDb();
  bench.onEnd(() => dynamo.stop());
  const environment = {
    PGTIDE_CONFIG: join(folder, 'pgtide.yml'),
    PGTIDE_LEASE_TABLE: dynamo.table,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const call = async (name: string, calls: number, wake: string[] = []): Promise<IdleProcessResult> => {
    const script = join(import.meta.dirname, 'idle-process.ts');
    const arguments_ = [script, unpacked(folder, name), `${calls}`, ...wake];
    const output = await run(process.execPath, arguments_, environment);
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  };
  const idleMs = new Map<UnitName, number>();
  const restingMs = new Map<UnitName, number>();
  const measure = async (unit: UnitName, into: Map<UnitName, number>, wake: string[]) => {
    const { callsMs } = await call(unit, CALLS + 1, wake);
    bench.detail(`${unit}: ${callsMs.map(Math.round).join(' ')} ms`);
    into.set(unit, median(callsMs.slice(1)));
  };
  for (const { unit } of schedule) {
    const { restMs }: UnitTraits = units[unit];
    await measure(unit, idleMs, restMs ? [leaseKey(unit, QUEUE, 'new')] : []);
    if (restMs) await measure(unit, restingMs, []);
  }
  const loads = new Map<string, number>();
  for (const name of zips) {
    const times: number[] = [];
    for (let round = 0; round < bench.rounds; round++) times.push((await call(name, 0)).loadMs);
    loads.set(name, median(times));
  }
  const sizes = new Map(zips.map((name) => [name, statSync(join(ZIPS, `${name}.zip`)).size / 1e6]));
  return {
    idleMs,
    restingMs,
    results: [
      worst('idle: loading the handler, slowest of the functions', 'ms', loads, 300),
      worst("idle: a function's zip, largest of them", 'MB', sizes, 1.5),
    ],
  };
}

function unpacked(folder: string, name: string): string {
  for (const [path, content] of readZip(join(ZIPS, `${name}.zip`))) {
    const target = join(folder, name, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  return join(folder, name, 'functions', `${name}.cjs`);
}

function worst(name: string, unit: string, values: Map<string, number>, most: number): BenchResult {
  return judged({ name, unit, ours: Math.max(...values.values()), peers: {}, goal: { most } });
}
