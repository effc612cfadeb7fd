/**
 * `npm run test:soak [-- --for MINUTES]`: a day's runs of all scheduled functions in a few minutes. Memory, connections,
 * event tables, metadata, catalogs and temporary files are sampled. A line is fitted through each of them, and must be
 * flat.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import { type Config, parseConfig } from '../../lib/config/config.ts';
import { type Client, withClient } from '../../lib/db/client.ts';
import { type PostgresServer, startServer } from '../../lib/demo/postgres-server.ts';
import { startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import { type RunRequest, runUnit } from '../../lib/runtime/run-unit.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { compareWith } from '../../lib/units/compare.ts';
import { copy } from '../../lib/units/copy.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { tick } from '../../lib/units/tick.ts';
import { fitLine } from './slope.ts';
import { soakMinute, soakRows, soakSchema, soakTables } from './soak-load.ts';

const MINUTES_OF_A_DAY = 1440;
const SAMPLES = 72;
/** Rotations of a day, by the default period of two hours. */
const ROTATIONS = 12;
/** The limits of flat: growth over the measured time, as a share of the mean, or an amount that is too small to matter. */
const tolerances: Record<string, { share: number; least: number }> = {
  'memory in use, MB': { share: 0.1, least: 3 },
  'resident memory, MB': { share: 0.15, least: 12 },
  connections: { share: 0, least: 1 },
  'event tables, MB': { share: 0.25, least: 1 },
  'metadata, MB': { share: 0.2, least: 0.5 },
  'dead rows of metadata': { share: 0.3, least: 1000 },
  'system catalogs, MB': { share: 0.15, least: 2 },
  'temporary files, MB': { share: 0, least: 0.1 },
  'lag, seconds': { share: 0.5, least: 5 },
};

// Resident memory shows leaks only if garbage is collected as soon as there is some.
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

type Sample = Record<string, number>;

function configFor(old: PostgresServer, leaf: PostgresServer, minutes: number): Config {
  const nodes = { old: { url: old.url('shop', 'app') }, new: { url: leaf.url('shop', 'app') } };
  const config = parseConfig(
    JSON.stringify({ nodes, queues: { shop: { root: 'old', leaves: ['new'], tickSeconds: 0 } } }),
  );
  // As many rotations as in a day, with a period shorter than a configuration file allows.
  Object.assign(config.queues.shop ?? {}, { rotationSeconds: (minutes * 60) / ROTATIONS });
  return config;
}

/** Autovacuum also runs as often as in a day. */
async function startNode(version: number): Promise<PostgresServer> {
  const server = await startServer({
    version,
    settings: { autovacuum_naptime: '1s', autovacuum_vacuum_cost_delay: '0', shared_buffers: "'64MB'" },
  });
  await asSuperuser(server, 'postgres', (client) =>
    client.query(`create role app login password '${server.password}'`),
  );
  await asSuperuser(server, 'postgres', (client) => client.query('create database shop owner app'));
  return server;
}

const asSuperuser = <T>(
  { host, port, superuser, password }: PostgresServer,
  database: string,
  work: (client: Client) => Promise<T>,
) => withClient({ node: 'soak', host, port, user: superuser, password, database, ssl: false }, 'soak', work);

async function sampleOf(servers: PostgresServer[], lagSeconds: number): Promise<Sample> {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const sum: Sample = {
    'resident memory, MB': rss / 1e6,
    'memory in use, MB': (heapUsed + external) / 1e6,
    'lag, seconds': lagSeconds,
  };
  for (const server of servers) {
    const row = await asSuperuser(server, 'shop', (client) =>
      client.first<Sample>(`
        select (select count(*)::float8 from pg_stat_activity where datname = 'shop' and application_name like 'pgtide%') as connections,
          sum(pg_total_relation_size(c.oid)) filter (where c.relname ~ '^event_\\d+_\\d+$')::float8 / 1e6 as "event tables, MB",
          sum(pg_total_relation_size(c.oid)) filter (where c.relname !~ '^event_' and n.nspname <> 'pg_catalog')::float8 / 1e6 as "metadata, MB",
          sum(pg_stat_get_dead_tuples(c.oid)) filter (where c.relname !~ '^event_' and n.nspname <> 'pg_catalog')::float8 as "dead rows of metadata",
          sum(pg_total_relation_size(c.oid)) filter (where n.nspname = 'pg_catalog')::float8 / 1e6 as "system catalogs, MB",
          (select temp_bytes::float8 / 1e6 from pg_stat_database where datname = 'shop') as "temporary files, MB"
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in ('pgq', 'pgq_node', 'londiste', 'pgtide', 'pg_catalog')`),
    );
    for (const [name, value] of Object.entries(row ?? {})) sum[name] = (sum[name] ?? 0) + Number(value ?? 0);
  }
  return sum;
}

/** Prints the result of each line, and returns how many are not flat. The first third of the samples is warm-up. */
function judge(samples: Sample[]): number {
  let bad = 0;
  const measured = samples.slice(Math.floor(samples.length / 3));
  for (const [name, { share, least }] of Object.entries(tolerances)) {
    const { growth, mean } = fitLine(measured.map((sample) => sample[name] ?? 0));
    const flat = growth <= Math.max(least, Math.abs(mean) * share);
    if (!flat) bad++;
    console.log(
      `${flat ? 'flat    ' : 'GROWING '} ${name.padEnd(24)} mean ${mean.toFixed(2).padStart(9)}, ${growth >= 0 ? '+' : ''}${growth.toFixed(2)} over ${measured.length} samples`,
    );
  }
  return bad;
}

async function soak(minutes: number): Promise<number> {
  const old = await startNode(13);
  const leaf = await startNode(17);
  const leases = await startLocalDynamoDb();
  const config = configFor(old, leaf, minutes);
  let lagSeconds = 0;
  let runs = 0;
  const run = async (
    unitName: RunRequest<unknown>['unitName'],
    unit: RunRequest<unknown>['unit'],
  ): Promise<unknown> => {
    const report = await runUnit<unknown>({
      unitName,
      unit,
      config,
      queue: 'shop',
      node: ['replay', 'copy'].includes(unitName) ? 'new' : 'old',
      leaseStore: leases.store(),
      owner: `soak ${++runs}`,
      secrets: { read: () => Promise.reject(new Error('no secrets here')), forget: () => undefined },
      budgetMs: 50_000,
      clock: systemClock,
      log: () => undefined,
    });
    if (report.error) throw report.error;
    lagSeconds = report.gauges.lagSeconds ?? lagSeconds;
    return report.result;
  };
  try {
    await run('install', (context) => install(context, {}));
    for (const server of [old, leaf])
      await asApp(server, async (client) => void (await client.query(soakSchema)));
    await asApp(old, async (client) => void (await client.query(soakRows)));
    await run('add-table', (context) => addTable(context, addTableInput.parse({ tables: soakTables })));
    const samples: Sample[] = [];
    const began = Date.now();
    await asApp(old, async (application) => {
      for (let minute = 0; ; minute++) {
        await application.query(soakMinute);
        await run('tick', tick);
        await run('replay', replay);
        await run('copy', copy);
        if (minute % 5 === 0) {
          // Maintenance itself does so every five minutes of real time.
          await application.query(`select pgq_node.set_global_watermark('shop', null)`);
          await run('maintain', maintain);
        }
        if (minute % 60 === 59)
          await run('resync', (context) =>
            resync(context, resyncInput.parse({ tables: [soakTables[((minute / 60) % 3) | 0]] })),
          );
        const passed = (Date.now() - began) / (minutes * 60_000);
        if (passed * SAMPLES >= samples.length) samples.push(await sampleOf([old, leaf], lagSeconds));
        // The run waits if it is ahead of the day. If it is behind, it covers fewer of the day's minutes, which the last
        // line reports.
        const ahead = (minute / MINUTES_OF_A_DAY - passed) * minutes * 60_000;
        if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
        if (passed < 1) continue;
        console.log(`${minute} minutes of a day and ${runs} runs in ${minutes} minutes`);
        break;
      }
    });
    if (process.env.PGTIDE_SOAK_SAMPLES) console.log(JSON.stringify(samples));
    const bad = judge(samples);
    for (let round = 0; round < 5; round++)
      for (const [name, unit] of [
        ['tick', tick],
        ['replay', replay],
        ['copy', copy],
      ] as const)
        await run(name, unit);
    const drive = async () => void (await run('replay', replay));
    const compared = await run('compare', (context) => compareWith({ drive })(context, {}));
    const { equal } = compared as { equal: boolean };
    console.log(equal ? 'the two sides are equal' : `THE TWO SIDES DIFFER: ${JSON.stringify(compared)}`);
    return bad + (equal ? 0 : 1);
  } finally {
    await leases.stop();
    await old.remove();
    await leaf.remove();
  }
}

const asApp = (server: PostgresServer, work: (client: Client) => Promise<void>) =>
  withClient(
    {
      node: 'soak',
      host: server.host,
      port: server.port,
      user: 'app',
      password: server.password,
      database: 'shop',
      ssl: false,
    },
    'application',
    work,
  );

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number above 0.');
  return value;
}

await new Command('test:soak')
  .description('A day of scheduled runs in minutes: nothing may grow.')
  .option('--for <minutes>', 'how long it takes', positive, 30)
  .action(async ({ for: minutes }: { for: number }) => {
    process.exitCode = (await soak(minutes)) > 0 ? 1 : 0;
  })
  .parseAsync();
