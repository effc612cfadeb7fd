/** The functions under serverless-offline: started by their schedules, and by calls of the Lambda API. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../lib/demo/postgres-server.ts';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { onFileEnd } from '../support/file-scope.ts';
import { until } from '../support/until.ts';
import { bareEnvironment, projectWith, serverlessCommand } from './packaged-project.ts';

const configuration = `
nodes: { old: { url: "env:OLD_URL" }, new: { url: "env:NEW_URL" } }
queues: { shop: { root: old, leaves: [new] } }
`;
/** A schedule of one minute starts twice within this time. */
const TWO_MINUTES_AND_MORE = 150_000;

let [old, fresh] = [] as unknown as [TestDatabase, TestDatabase];
let dynamo: LocalDynamoDb;
let offline: ChildProcess;
let output = '';
let lambda = '';

beforeAll(async () => {
  dynamo = await startLocalDynamoDb({ table: 'pgtide-lease-prod' });
  onFileEnd(() => dynamo.stop());
  old = await createDatabase(await postgres(13));
  fresh = await createDatabase(await postgres(17));
  const folder = projectWith(configuration);
  const [lambdaPort, httpPort, albPort, websocketPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  lambda = `http://127.0.0.1:${lambdaPort}/2015-03-31/functions/pgtide-prod-`;
  const ports = { lambdaPort, httpPort, albPort, websocketPort };
  const options = Object.entries(ports).flatMap(([name, port]) => [`--${name}`, String(port)]);
  offline = spawn(
    serverlessCommand,
    ['offline', 'start', '--localEnvironment', '--host', '127.0.0.1', ...options],
    {
      cwd: folder,
      env: {
        ...bareEnvironment(folder),
        OLD_URL: old.url,
        NEW_URL: fresh.url,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'none',
        AWS_SECRET_ACCESS_KEY: 'none',
        AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  offline.stdout?.on('data', collect);
  offline.stderr?.on('data', collect);
  await until(
    'serverless-offline has its schedules',
    () => output.includes('Scheduling [maintain]'),
    TWO_MINUTES_AND_MORE,
  );
});

afterAll(async () => {
  if (offline.exitCode !== null) return;
  const ended = once(offline, 'exit');
  offline.kill('SIGINT');
  await ended;
});

async function invoke(name: string, event: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${lambda}${name}/invocations`, {
    method: 'POST',
    body: JSON.stringify(event),
  });
  return (await response.json()) as Record<string, unknown>;
}

/** The time from which the queue exists. */
let ready = Number.POSITIVE_INFINITY;

/** The lines of one unit's runs. */
function linesOf(unit: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => /^\{"time".*\}$/.test(line))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.unit === unit);
}

/** Those of the runs that began after the queue was created. */
function readyLinesOf(unit: string): Record<string, unknown>[] {
  return linesOf(unit).filter(
    ({ time, durationMs }) => Date.parse(String(time)) - Number(durationMs) >= ready,
  );
}

/** If a schedule fails, the test ends at once, with the output so far. */
function refuseFailures(): true {
  if (scheduled.some((unit) => linesOf(unit).some(({ level }) => level === 'ERROR'))) throw new Error(output);
  return true;
}

const scheduled = ['tick', 'copy', 'replay', 'maintain'];

const rows = (db: TestDatabase) =>
  db.client((client) => client.first<{ rows: number }>('select count(*)::int as rows from public.orders'));

test('invocations set the queue up, schedules copy the table, and a scheduled function can be invoked, too', {
  timeout: 450_000,
}, async () => {
  await old.client((client) =>
    client.query(
      'create table public.orders (id int primary key); insert into public.orders select generate_series(1, 100)',
    ),
  );
  const early = () => scheduled.slice(0, 3).every((unit) => linesOf(unit).length > 0);
  await until('each schedule of a minute has begun before install', early, TWO_MINUTES_AND_MORE);
  for (const unit of scheduled.slice(0, 3))
    expect(linesOf(unit)[0]).toMatchObject({
      outcome: 'waiting-for',
      what: expect.stringMatching(/^install: /),
    });
  expect(await invoke('install', { queue: 'shop' })).toMatchObject({ outcome: 'done' });
  const added = await invoke('add-table', { queue: 'shop', tables: ['public.orders'], create: true });
  expect(added).toMatchObject({ outcome: 'done', result: { tables: [{ name: 'public.orders' }] } });
  ready = Date.now();
  expect(await invoke('add-table', { queue: 'shop', tables: 'public.orders' })).toMatchObject({
    errorMessage: expect.stringMatching(
      /^the event is not valid: tables: .*\n {2}→ nothing was done; correct the event$/,
    ),
  });

  const copied = async () => refuseFailures() && (await rows(fresh))?.rows === 100;
  await until('a schedule has copied the rows', copied, TWO_MINUTES_AND_MORE);
  for (const unit of ['tick', 'copy', 'replay']) {
    const first = await until(`a line of ${unit}`, () => readyLinesOf(unit)[0]);
    expect(first).toMatchObject({ unit, queue: 'shop', level: 'INFO' });
  }
  await old.client((client) => client.query('insert into public.orders select generate_series(101, 150)'));
  await until('calls have replayed them', async () => {
    for (const name of ['tick', 'copy', 'replay']) await invoke(name, { queue: 'shop' });
    return (await rows(fresh))?.rows === 150;
  });
});
