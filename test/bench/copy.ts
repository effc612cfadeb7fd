/** The first copy of a big table, beside a plain COPY from one server into the other. */
import { join } from 'node:path';
import { copyPipe } from '../../lib/db/copy-pipe.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { type Bench, type BenchCase, type BenchResult, logicalWal, scaled } from './case.ts';
import type { CopyProcessResult } from './copy-process.ts';
import { type BenchDatabase, contentOf, createDatabase, settle } from './database.ts';
import { LONDISTE, startLondiste } from './londiste.ts';
import { inTurn, judged, type Medians, medianOf, peersOf, type Side, seconds } from './measure.ts';
import { copyNatively, forgetNative } from './native.ts';
import { createOrders, ordersDdl } from './orders.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { configOf } from './pgtide-runner.ts';
import { cpuSecondsOf } from './processes.ts';
import { run } from './single-row.ts';

const ROWS = 2_000_000;
const PSQL_PIPE = 'psql COPY | psql COPY';
const NODE_PIPE = 'COPY piped by Node';
const TABLESYNC = 'native tablesync';
/** The amount that a function copies at a time by default. */
const DEFAULT_CHUNKS = 2;
const OTHER_CHUNKS = [1, 4];
const chunksAtOnce = (chunks: number) => `pgtide, ${chunks === 1 ? '1 chunk' : `${chunks} chunks`} at once`;

export const copy: BenchCase = {
  name: 'copy',
  minutes: 5,
  async run(bench) {
    const servers = [await bench.server(logicalWal), await bench.server(logicalWal)] as const;
    const base = await createDatabase(servers[0], 'base');
    await createOrders(base, scaled(bench, ROWS));
    const make = async (name: string, subscriber: string): Promise<Pair> => {
      const target = await createDatabase(servers[1], subscriber);
      await target.run(ordersDdl);
      return [name === 'base' ? base : await createDatabase(servers[0], name, { template: 'base' }), target];
    };
    const bytes = await textBytes(base);
    const sides: Side[] = [];
    const londiste = bench.build.londiste
      ? await londisteSide(bench, await make('for_londiste', 'to_londiste'))
      : [];
    sides.push(...(await pgtideSides(await make('for_pgtide', 'to_pgtide'))));
    sides.push(
      ...pipeSides(bench, await make('base', 'to_pipe')),
      nativeSide(await make('base', 'to_native')),
    );
    const medians = await inTurn(bench, 'copy', [...sides, ...londiste]);
    return resultsOf(medians, bytes / 1e6);
  },
};

type Pair = [provider: BenchDatabase, subscriber: BenchDatabase];

async function textBytes(provider: BenchDatabase): Promise<number> {
  const row = await provider.asOwner((client) =>
    client.first<{ bytes: number }>('select sum(octet_length(t::text))::float8 as bytes from orders t'),
  );
  return row?.bytes ?? 0;
}

/** Runs one copy into the emptied table, checks it, and notes the work that it cost the provider's server. */
async function measured(
  [provider, subscriber]: Pair,
  work: () => Promise<Record<string, number>>,
): Promise<Record<string, number>> {
  // Our leaf refuses writes by others.
  await subscriber.administer('set session_replication_role = replica; truncate orders');
  await settle(provider, subscriber);
  const before = cpuSecondsOf(provider.server);
  const result = await work();
  const providerCpu = cpuSecondsOf(provider.server) - before;
  const [expected, found] = [await contentOf(provider, 'orders'), await contentOf(subscriber, 'orders')];
  if (expected !== found) throw new Error(`the copy differs: ${found}, and not ${expected}`);
  return { ...result, providerCpu };
}

const timed = async (work: () => Promise<unknown>) => ({ seconds: await seconds(work) });

function pipeSides({ build }: Bench, pair: Pair): Side[] {
  const [provider, subscriber] = pair;
  const { psql } = build;
  const psqlPipe = () =>
    run(
      'sh',
      [
        '-c',
        '"$0" -qc "copy orders to stdout" "$1" | "$0" -qc "copy orders from stdin" "$2"',
        psql ?? '',
        provider.url,
        subscriber.url,
      ],
      {},
    );
  const nodePipe = () =>
    provider.asOwner((source) =>
      subscriber.asOwner((sink) => copyPipe(source, 'copy orders to stdout', sink, 'copy orders from stdin')),
    );
  return [
    ...(psql ? [{ name: PSQL_PIPE, run: () => measured(pair, () => timed(psqlPipe)) }] : []),
    { name: NODE_PIPE, run: () => measured(pair, () => timed(nodePipe)) },
  ];
}

function nativeSide(pair: Pair): Side {
  return {
    name: TABLESYNC,
    async run() {
      const result = await measured(pair, () => timed(() => copyNatively(...pair, 'orders')));
      await forgetNative(...pair);
      return result;
    },
  };
}

async function pgtideSides(pair: Pair): Promise<Side[]> {
  const runner = await createPgtidePair(...pair);
  await addTables(runner, ['public.orders']);
  const again = () => runner.demand('resync', resync, resyncInput.parse({ tables: ['public.orders'] }));
  const process = (chunks: number) =>
    measured(pair, async () => {
      await again();
      const configuration = configOf(...pair, { copy: { parallelChunks: chunks } });
      return ourProcess(configuration);
    });
  return [DEFAULT_CHUNKS, ...OTHER_CHUNKS].map((chunks) => ({
    name: chunks === DEFAULT_CHUNKS ? 'pgtide' : chunksAtOnce(chunks),
    run: () => process(chunks),
  }));
}

async function ourProcess(configuration: string): Promise<Record<string, number>> {
  const script = join(import.meta.dirname, 'copy-process.ts');
  const result: CopyProcessResult = JSON.parse(await run(process.execPath, [script, configuration], {}));
  return { ...result };
}

async function londisteSide(bench: Bench, pair: Pair): Promise<Side[]> {
  const londiste = await startLondiste(bench, pair, ['public.orders'], { expectSync: false });
  const copyOnce = async () => {
    const result = await measured(pair, () => timed(() => londiste.resync('public.orders')));
    // Its daemons would otherwise go on polling during the other measurements.
    await londiste.stop();
    return result;
  };
  return [{ name: LONDISTE, once: true, run: copyOnce }];
}

function resultsOf(medians: Medians, megabytes: number): BenchResult[] {
  const reference = medians.has(PSQL_PIPE) ? PSQL_PIPE : NODE_PIPE;
  const all = peersOf(medians, 'seconds');
  const rates = Object.entries(all).map(([side, value]) => [side, megabytes / (value ?? 0)]);
  const ours = medianOf(medians, 'pgtide', 'seconds');
  const resident = peersOf(medians, 'residentMb');
  const lines = [
    judged({
      name: 'copy: until the table is in step',
      unit: 's',
      ours,
      peers: all,
      goal: { most: 1.1, against: reference },
    }),
    judged({
      name: 'copy: rate',
      unit: 'MB/s',
      ours: megabytes / ours,
      peers: Object.fromEntries(rates),
      against: reference,
    }),
    judged({
      name: 'copy: the last chunk is there',
      unit: 's',
      ours: medianOf(medians, 'pgtide', 'copiedSeconds'),
      peers: peersOf(medians, 'copiedSeconds'),
    }),
    judged({
      name: 'copy: resident memory of our process',
      unit: 'MB',
      ours: medianOf(medians, 'pgtide', 'residentMb'),
      peers: resident,
      goal: { most: 150 },
    }),
    judged({
      name: "copy: CPU of the provider's server",
      unit: 's',
      ours: medianOf(medians, 'pgtide', 'providerCpu'),
      peers: peersOf(medians, 'providerCpu'),
      against: reference,
    }),
  ];
  return lines.filter(({ ours }) => Number.isFinite(ours));
}
