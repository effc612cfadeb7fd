/**
 * The zips that `npm run package` builds are the ones that run: each zip is unpacked by itself, and its handler is called
 * against real databases, the API of DynamoDB, and connection data from Secrets Manager. The build needs no network and no
 * account.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { onFileEnd } from '../support/file-scope.ts';
import { silentServer } from '../support/silent-server.ts';
import { readZip } from '../support/zip.ts';
import { type Handler, loadHandler, packageProject, projectWith } from './packaged-project.ts';
import { type FakeSecretsManager, startSecretsManager } from './secrets-manager.ts';

const arnOf = (name: string) => `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}`;
const configuration = `
nodes:
  old: { secret: "${arnOf('shop-old')}" }
  new: { secret: "${arnOf('shop-new')}" }
queues:
  shop: { root: old, leaves: [new] }
`;
const names = readdirSync(join(import.meta.dirname, '..', '..', 'functions')).map((file) =>
  file.replace('.ts', ''),
);

let zips: string;
let dynamo: LocalDynamoDb;
let secretsManager: FakeSecretsManager;
let [old, fresh] = [] as unknown as [TestDatabase, TestDatabase];

const secretOf = ({ target }: TestDatabase) => ({
  engine: 'postgres',
  host: target.host,
  port: target.port,
  username: target.user,
  password: target.password,
  dbname: target.database,
});

beforeAll(async () => {
  zips = packageProject(projectWith(configuration));
  dynamo = await startLocalDynamoDb({ table: 'pgtide-lease-prod' });
  onFileEnd(() => dynamo.stop());
  secretsManager = await startSecretsManager();
  old = await createDatabase(await postgres(13), { owner: 'packaged_functions' });
  fresh = await createDatabase(await postgres(17));
  secretsManager.secrets.set(arnOf('shop-old'), secretOf(old));
  secretsManager.secrets.set(arnOf('shop-new'), secretOf(fresh));
  Object.assign(process.env, {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'none',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint,
    PGTIDE_LEASE_TABLE: dynamo.table,
  });
});

/** The lines that functions write; a run writes one. */
let lines: Record<string, unknown>[] = [];
const write = process.stdout.write.bind(process.stdout);
beforeEach(() => {
  lines = [];
  process.stdout.write = ((text: string, ...others: []) => {
    if (!String(text).startsWith('{"time"')) return write(text, ...others);
    lines.push(JSON.parse(text));
    return true;
  }) as typeof process.stdout.write;
});
afterEach(() => {
  process.stdout.write = write;
});

const loaded = new Map<string, Handler>();
function invoke(name: string, event: unknown = {}): Promise<Record<string, unknown>> {
  if (!loaded.has(name)) {
    const { handler, folder } = loadHandler(zips, name);
    process.env.PGTIDE_CONFIG = join(folder, 'pgtide.yml');
    loaded.set(name, handler);
  }
  const context = { awsRequestId: `${name}-${Math.random()}`, getRemainingTimeInMillis: () => 60_000 };
  return (loaded.get(name) as Handler)(event, context);
}

const count = (db: TestDatabase) =>
  db.client((client) =>
    client.first('select count(*)::int as rows, sum(amount)::text as sum from public.orders'),
  );

/** Runs the scheduled functions, as their schedules would, until the condition holds. */
async function runSchedules(until: () => Promise<boolean>): Promise<void> {
  for (let minute = 0; minute < 50; minute++) {
    for (const name of ['tick', 'copy', 'replay', 'maintain']) await invoke(name);
    if (await until()) return;
  }
  throw new Error(`not so after 50 rounds; the last lines were ${JSON.stringify(lines.slice(-4))}`);
}

async function tableState(): Promise<string | undefined> {
  const { result } = await invoke('status', { queue: 'shop' });
  const { queues } = result as { queues: { nodes: { name: string; tables: { state: string }[] }[] }[] };
  return queues[0]?.nodes.find(({ name }) => name === 'new')?.tables[0]?.state;
}

test('every function has its own zip of at most 1.5 MB, which contains the configuration', () => {
  for (const name of names) {
    const zip = join(zips, `${name}.zip`);
    expect(statSync(zip).size).toBeLessThanOrEqual(1_500_000);
    expect([...readZip(zip).keys()].sort()).toEqual([`functions/${name}.cjs`, 'pgtide.yml']);
  }
});

test('the template has schedules without retries, and roles that name the table and the secrets', () => {
  const template = JSON.parse(readFileSync(join(zips, 'cloudformation-template-update-stack.json'), 'utf8'));
  const { Resources } = template as { Resources: Record<string, { Type: string; Properties: never }> };
  const schedules = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::Scheduler::Schedule');
  expect(schedules.map(([name]) => name.replace('SchedulerSchedule1', '')).sort()).toEqual([
    'Copy',
    'Maintain',
    'Replay',
    'Tick',
  ]);
  for (const [, { Properties }] of schedules)
    expect(Properties).toMatchObject({ Target: { RetryPolicy: { MaximumRetryAttempts: 0 } } });
  // Lambda does not repeat a call that fails: the next minute's schedule does, or the caller.
  const asynchronous = Object.values(Resources).filter(
    ({ Type }) => Type === 'AWS::Lambda::EventInvokeConfig',
  );
  expect(asynchronous).toHaveLength(names.length);
  for (const { Properties } of asynchronous) expect(Properties).toMatchObject({ MaximumRetryAttempts: 0 });
  const allowed = (role: string) => JSON.stringify(Resources[role]?.Properties);
  expect(allowed('TickRole')).toContain(arnOf('shop-old'));
  expect(allowed('TickRole')).not.toContain(arnOf('shop-new'));
  expect(allowed('ReplayRole')).toContain(arnOf('shop-new'));
  expect(allowed('ReplayRole')).toContain('dynamodb:UpdateItem');
  // These functions wake copy. They write and read nothing else of the leases.
  for (const role of ['InstallRole', 'AddTableRole', 'RemoveTableRole', 'ResyncRole'])
    expect(allowed(role).match(/dynamodb:\w+/g)).toEqual(['dynamodb:UpdateItem']);
  // These functions take no lease. They note runs that get nothing done, and status reads these notes.
  for (const role of ['TickRole', 'MaintainRole'])
    expect(allowed(role).match(/dynamodb:\w+/g)).toEqual(['dynamodb:UpdateItem', 'dynamodb:BatchGetItem']);
  expect(allowed('StatusRole').match(/dynamodb:\w+/g)).toEqual(['dynamodb:BatchGetItem']);
  expect(allowed('CompareRole')).not.toContain('dynamodb');
  for (const [name, { Type }] of Object.entries(Resources))
    if (Type === 'AWS::IAM::Role') expect(allowed(name)).not.toContain('"*"');
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const roles = functions.map(({ Properties }) => JSON.stringify((Properties as { Role: unknown }).Role));
  expect(new Set(roles).size).toBe(names.length);
  expect(
    functions.every(({ Properties }) => (Properties as { Runtime: string }).Runtime === 'nodejs24.x'),
  ).toBe(true);
});

test('the stack deploys into an account with the default limit, and again after it was removed', () => {
  const template = JSON.parse(readFileSync(join(zips, 'cloudformation-template-update-stack.json'), 'utf8'));
  const { Resources } = template as { Resources: Record<string, { Type: string; Properties: object }> };
  // Lambda refuses reserved concurrency if fewer than 100 would be left for the account. New accounts have only 10.
  for (const { Type, Properties } of Object.values(Resources))
    if (Type === 'AWS::Lambda::Function')
      expect([undefined, { Ref: 'AWS::NoValue' }]).toContainEqual(
        (Properties as { ReservedConcurrentExecutions?: unknown }).ReservedConcurrentExecutions,
      );
  // If the table stayed behind, the next deployment could not create one of the same name.
  const tables = Object.values(Resources).filter(({ Type }) => Type === 'AWS::DynamoDB::Table');
  expect(tables).toMatchObject([{ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' }]);
});

test('bad input is refused before a connection is opened', async () => {
  await expect(invoke('add-table', { queue: 'shop', tabels: ['orders'] })).rejects.toMatchObject({
    kind: 'input',
  });
  await expect(invoke('replay', { queue: 'shop', node: 'old' })).rejects.toMatchObject({ kind: 'input' });
  expect(secretsManager.reads).toEqual([]);
  expect(lines.map(({ outcome }) => outcome)).toEqual(['error', 'error']);
});

test('the functions create a queue, copy a table, follow it, compare it, and report', async () => {
  const ddl = 'create table public.orders (id int primary key, note text, amount numeric(12,2))';
  await old.client((client) =>
    client.query(
      `${ddl}; insert into public.orders select n, 'order ' || n, n / 7.0 from generate_series(1, 5000) n`,
    ),
  );
  expect(await invoke('install', { queue: 'shop' })).toMatchObject({ outcome: 'done' });
  expect(await invoke('add-table', { queue: 'shop', tables: ['public.orders'], create: true })).toMatchObject(
    {
      outcome: 'done',
      result: { tables: [{ name: 'public.orders' }] },
    },
  );
  await runSchedules(async () => (await tableState()) === 'ok');
  await old.client((client) =>
    client.query(`update public.orders set amount = amount + 1 where id % 3 = 0; delete from public.orders where id % 7 = 0;
                  insert into public.orders values (9000, 'new', 3)`),
  );
  const wanted = await count(old);
  await runSchedules(async () => JSON.stringify(await count(fresh)) === JSON.stringify(wanted));

  let done = false;
  const comparing = invoke('compare', { queue: 'shop' }).finally(() => {
    done = true;
  });
  while (!done) await invoke('replay');
  expect(await comparing).toMatchObject({ outcome: 'done', result: { equal: true, differences: 0 } });

  expect(await invoke('status')).toMatchObject({ outcome: 'done', result: { healthy: true } });
  // Each container read the passwords from Secrets Manager once, however many runs it had.
  const reads = secretsManager.reads.filter((arn) => arn === arnOf('shop-old')).length;
  expect(reads).toBeLessThanOrEqual(names.length);
  const password = old.target.password ?? '';
  expect(JSON.stringify(lines)).not.toContain(`:${password}@`);
  for (const line of lines)
    expect(line).toMatchObject({ unit: expect.any(String), durationMs: expect.any(Number) });
  // A deployment has one metric, whatever it replicates.
  const replays = lines.filter(({ unit }) => unit === 'replay');
  expect(replays.every((line) => '_aws' in line)).toBe(true);
  expect(new Set(lines.map(({ _aws }) => JSON.stringify(_aws)?.match(/"Dimensions":.*?\]\]/)?.[0]))).toEqual(
    new Set([undefined, '"Dimensions":[["function"]]']),
  );
});

test('two runs of replay at once: one has the lease, the other ends without a database connection', async () => {
  const store = dynamo.store();
  const held = await store.acquire('replay/shop/new', 'somebody else', 60_000);
  expect(await invoke('replay')).toEqual({ runs: [{ queue: 'shop', node: 'new', outcome: 'lease-held' }] });
  expect(lines).toMatchObject([{ outcome: 'lease-held', owner: 'somebody else', steps: {} }]);
  if (held.kind === 'acquired') await store.release(held.lease);
});

test('a table is copied again, and then removed', async () => {
  expect(await invoke('resync', { queue: 'shop', tables: ['public.orders'] })).toMatchObject({
    outcome: 'done',
  });
  await runSchedules(async () => (await tableState()) === 'ok');
  expect(await invoke('remove-table', { queue: 'shop', tables: ['public.orders'] })).toMatchObject({
    outcome: 'done',
  });
  await runSchedules(async () => (await tableState()) === undefined);
});

test('a rotated password is read from the secret again', async () => {
  const superuser = old.target.user;
  await old.superuser((client) => client.query(`alter role "${superuser}" password 'rotated'`));
  secretsManager.secrets.set(arnOf('shop-old'), { ...secretOf(old), password: 'rotated' });
  const before = secretsManager.reads.length;
  try {
    expect(await invoke('tick')).toMatchObject({
      runs: [{ outcome: expect.stringMatching(/idle|applied/) }],
    });
    expect(secretsManager.reads.length).toBe(before + 1);
  } finally {
    await old.superuser((client) =>
      client.query(`alter role "${superuser}" password '${old.target.password}'`),
    );
  }
});

test('in a network without endpoints a scheduled function fails, and names the endpoint that is missing', async () => {
  const silent = await silentServer();
  const usual = { ...process.env };
  Object.assign(process.env, {
    AWS_LAMBDA_FUNCTION_NAME: 'pgtide-prod-replay',
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${silent.port}`,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${silent.port}`,
  });
  try {
    for (const [name, endpoint] of [
      ['replay', 'gateway endpoint com.amazonaws.eu-west-1.dynamodb'],
      ['tick', 'interface endpoint com.amazonaws.eu-west-1.secretsmanager'],
    ] as const) {
      loaded.delete(name);
      await expect(invoke(name)).rejects.toThrow(endpoint);
      expect(lines.at(-1)).toMatchObject({
        unit: name,
        level: 'ERROR',
        outcome: 'error',
        error: { kind: 'state' },
      });
    }
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in usual)) delete process.env[name];
    Object.assign(process.env, usual);
    for (const name of ['replay', 'tick']) loaded.delete(name);
  }
});
