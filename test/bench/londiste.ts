/** The peer from which pgtide descends: Londiste 3 with PgQ in C, as Debian packages them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './case.ts';
import { allowPgq, type BenchDatabase, emptyEventTables, vacuum } from './database.ts';
import { awaitMark, awaitOn, type Follower } from './follower.ts';
import { run } from './single-row.ts';

export const LONDISTE = 'Londiste';
const QUEUE = 'shop';

export interface Londiste extends Follower {
  /** Copies again; returns when the table is in step. */
  resync(table: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts pgqd and the leaf's worker. With `expectSync` both sides have the rows already. */
export async function startLondiste(
  bench: Bench,
  [provider, subscriber]: readonly [BenchDatabase, BenchDatabase],
  tables: readonly string[],
  { expectSync }: { expectSync: boolean },
): Promise<Londiste> {
  const folder = bench.folder();
  const ini = (node: string) => join(folder, `${node}.ini`);
  const londiste = (node: string, ...words: string[]) => run('londiste', ['-q', ini(node), ...words], {});
  for (const database of [provider, subscriber])
    await database.administer('create extension pgq; create extension pgq_node; create extension londiste');
  for (const [node, { connectionString }] of [
    ['root', provider],
    ['leaf', subscriber],
  ] as const)
    writeFileSync(ini(node), settings(folder, node, connectionString));
  writeFileSync(join(folder, 'pgqd.ini'), ticker(folder, provider));
  await londiste('root', 'create-root', 'root', provider.connectionString);
  await londiste(
    'leaf',
    'create-leaf',
    'leaf',
    subscriber.connectionString,
    `--provider=${provider.connectionString}`,
  );
  for (const parameter of ['ticker_max_lag', 'ticker_idle_period'])
    await provider.administer(`select pgq.set_queue_config('${QUEUE}', '${parameter}', '100 ms')`);
  const daemons: ChildProcess[] = [];
  const stop = async () => {
    for (const daemon of daemons.splice(0)) await end(daemon);
  };
  bench.onEnd(stop);
  daemons.push(daemon('pgqd', [join(folder, 'pgqd.ini')]));
  daemons.push(daemon('londiste', ['-q', ini('root'), 'worker']));
  daemons.push(daemon('londiste', ['-q', ini('leaf'), 'worker']));
  await londiste('root', 'add-table', ...tables);
  await allowPgq(provider);
  await awaitTables(subscriber, tables.length);
  if (expectSync) await londiste('leaf', 'add-table', ...tables, '--expect-sync');
  return {
    name: LONDISTE,
    provider,
    subscriber,
    follow: (mark) => awaitMark(subscriber, mark),
    async resync(table) {
      await londiste('leaf', 'add-table', table);
      await awaitOn(subscriber, 'the end of the copy', async (client) => {
        const row = await client.first<{ state: string | null }>(
          'select merge_state as state from londiste.table_info where local',
        );
        return row?.state === 'ok';
      });
    },
    async tidy() {
      await vacuum(provider, tables);
      await vacuum(subscriber, tables);
      await emptyEventTables(provider);
    },
    stop,
  };
}

/** The leaf can add the tables only after it has received their names. */
function awaitTables(subscriber: BenchDatabase, count: number): Promise<void> {
  return awaitOn(subscriber, 'the list of tables', async (client) => {
    const row = await client.first<{ tables: bigint }>('select count(*) as tables from londiste.table_info');
    return row?.tables === BigInt(count);
  });
}

function settings(folder: string, node: string, connectionString: string): string {
  return `[londiste]
job_name = ${node}_worker
db = ${connectionString}
queue_name = ${QUEUE}
logfile = ${join(folder, `${node}.log`)}
pidfile = ${join(folder, `${node}.pid`)}
loop_delay = 0.1
`;
}

/** Ticks much more often than by default, so that the measurement includes little waiting. */
function ticker(folder: string, { server, name }: BenchDatabase): string {
  return `[pgqd]
base_connstr = host=${server.host} port=${server.port} user=${server.superuser} password=${server.password}
database_list = ${name}
logfile = ${join(folder, 'pgqd.log')}
pidfile = ${join(folder, 'pgqd.pid')}
syslog = 0
ticker_period = 0.1
`;
}

function daemon(program: string, parameters: string[]): ChildProcess {
  const child = spawn(program, parameters, { stdio: 'ignore' });
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);
  child.once('exit', () => process.off('exit', killWithParent));
  return child;
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
}
