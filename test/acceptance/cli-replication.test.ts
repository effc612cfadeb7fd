/**
 * A replication set up by the command line alone, from empty databases to a proof, with the commands that the help shows.
 * Each command's exit status says whether the requested condition holds.
 */
import { beforeAll, expect, test } from 'vitest';
import { pgtide, startPgtide, writeConfig } from '../support/command-line.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

/** Seconds: a run ends as soon as there is nothing to do, and on a busy machine that may take long. */
const LONG = '150';

let old: TestDatabase;
let young: TestDatabase;
let env: { PGTIDE_CONFIG: string };

beforeAll(async () => {
  old = await createDatabase(await postgres(13));
  young = await createDatabase(await postgres(17));
  const file = writeConfig(`
nodes:
  old: { url: "${old.url}" }
  new: { url: "${young.url}" }
queues:
  shop: { root: old, leaves: [new], tickSeconds: 0.5 }
`);
  env = { PGTIDE_CONFIG: file };
  await old.client((client) =>
    client.query(`
      create table public.goods (id serial primary key, title text not null, price numeric(10,2));
      create table public.sales (id bigint primary key, goods_id integer references public.goods, sold_at timestamptz);
      insert into public.goods (title, price) select 'no ' || g, g / 7.0 from generate_series(1, 2000) g;
      insert into public.sales select g, 1 + g % 2000, '2026-01-01' from generate_series(1, 3000) g`),
  );
});

const write = (statement: string) => old.client((client) => client.query(statement));

test('before init, status is unhealthy and names the remedy', async () => {
  const { status, out, err } = await pgtide(['status'], env);
  expect(status).toBe(1);
  expect(out).toContain('unhealthy');
  expect(err).toMatch(/^error: unhealthy: old: .*\nfix: run: pgtide init shop\n$/);
});

test('run before init says what to do, and does not try again and again', async () => {
  const { status, err } = await pgtide(['run', '--until', 'synced'], env);
  expect(status).toBe(1);
  expect(err).toContain('fix: run: pgtide init shop');
});

test('compare before init says the same', async () => {
  const { status, err } = await pgtide(['compare', 'shop'], env);
  expect(status).toBe(1);
  expect(err).toBe('error: new: this database is not a node of the queue shop\nfix: run: pgtide init shop\n');
});

test('init creates the nodes, and can be run again', async () => {
  const first = await pgtide(['init'], env);
  expect(first).toMatchObject({ status: 0, err: '' });
  expect(first.out).toContain('shop: old (root):');
  expect(first.out).toContain('shop: new (leaf):');
  expect((await pgtide(['init'], env)).status).toBe(0);
});

test('a table that is missing on the root changes nothing', async () => {
  const { status, err } = await pgtide(['add-table', 'shop', 'godds'], env);
  expect(status).toBe(1);
  expect(err).toContain('error: ');
  expect(err).toContain('public.godds');
});

test('add-table --all --create creates the tables on the leaf', async () => {
  const { status, out } = await pgtide(['add-table', 'shop', '--all', '--create'], env);
  expect(status).toBe(0);
  expect(out).toMatch(/^public\.goods +new/m);
  expect(out).toMatch(/^public\.sales +new/m);
});

test('compare before the copy proves nothing, and says so', async () => {
  const { status, err } = await pgtide(['compare', 'shop'], env);
  expect(status).toBe(1);
  expect(err).toContain('not-synced');
});

test('run --until synced copies the rows', async () => {
  const { status, err } = await pgtide(['run', '--until', 'synced', '--for', LONG], env);
  expect(err).not.toContain('error:');
  expect(status).toBe(0);
});

test('status is healthy, for people and as JSON', async () => {
  const shown = await pgtide(['status'], env);
  expect(shown.status, shown.out + shown.err).toBe(0);
  expect(shown.out).toMatch(/2 tables ok/);
  expect(shown.out.trimEnd()).toMatch(/healthy$/);
  const json = await pgtide(['status', 'shop', '--json'], env);
  expect(JSON.parse(json.out)).toMatchObject({ healthy: true, queues: [{ name: 'shop', nodes: [{}, {}] }] });
});

test('writes of every kind are followed, and compare proves it', async () => {
  await write(`insert into public.goods (title, price) values ('näw "one"', null);
    update public.goods set price = 1 where id <= 500; update public.sales set id = -id where id <= 10;
    delete from public.sales where id > 2900`);
  const { status } = await pgtide(['run', 'shop', '--until', 'idle', '--for', LONG], env);
  expect(status).toBe(0);
  const compared = await pgtide(['compare', 'shop'], env);
  expect(compared.status, compared.out + compared.err).toBe(0);
  expect(compared.out).toContain('2 tables, 0 differences');
});

test('compare goes on beside another run that is replaying', async () => {
  await write(`update public.goods set price = 3 where id <= 500`);
  await using other = await young.open();
  await other.client.query('begin');
  await other.client.query('select from pgtide.replay_state for update');
  const running = startPgtide(['compare', 'shop', '--verbose'], env);
  await until('compare has met the other run', () => running.err().includes('another run is replaying'));
  await other.client.query('commit');
  const { status, out, err } = await running.ended;
  expect(status, out + err).toBe(0);
  expect(out).toContain('2 tables, 0 differences');
});

test('the error of a role without rights names the role that has them', async () => {
  const { target, server } = old;
  await createRole(server, 'stranger');
  const foreign = writeConfig(`
nodes:
  old: { url: "${old.url.replace(/\/\/[^:@]*/, '//stranger')}" }
  new: { url: "${young.url}" }
queues:
  shop: { root: old, leaves: [new] }
`);
  for (const command of ['status', 'compare', 'add-table', 'run']) {
    const { status, err } = await pgtide([command, 'shop', ...(command === 'add-table' ? ['goods'] : [])], {
      PGTIDE_CONFIG: foreign,
    });
    expect(status, command).toBe(1);
    expect(err, command).toMatch(/^error: .*permission denied/);
    // The remedy is not membership in that role: the role owns all tables.
    const remedy = `connect as ${target.user}, .*: pgtide queue grant QUEUE stranger produce\\|consume\\|admin`;
    expect(err, command).toMatch(
      command === 'compare' ? /\nfix: .*grant/ : new RegExp(`\nfix: ${remedy}\n$`),
    );
  }
});

test('a row that was changed on the leaf fails compare, and resync repairs it', async () => {
  await young.superuser((client) =>
    client.query(`begin; set local session_replication_role = 'replica';
      update public.goods set title = 'tampered' where id = 77; delete from public.sales where id = 99; commit`),
  );
  const compared = await pgtide(['compare', 'shop', '--json'], env);
  expect(compared.status).toBe(1);
  expect(JSON.parse(compared.out)).toMatchObject({ differences: 2 });
  expect(compared.err).toMatch(
    /^error: 2 differences in .*public\.(goods|sales).*\nfix: .*pgtide resync shop/m,
  );
  expect((await pgtide(['resync', 'shop', 'goods', 'sales'], env)).status).toBe(0);
  expect((await pgtide(['run', '--until', 'synced', '--for', LONG], env)).status).toBe(0);
  expect((await pgtide(['compare', 'shop'], env)).status).toBe(0);
});

test('with --verbose each unit of work leaves one JSON line', async () => {
  const { status, err } = await pgtide(['run', '--until', 'idle', '--for', LONG, '--verbose'], env);
  expect(status).toBe(0);
  const lines = err.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  expect(new Set(lines.map(({ unit }) => unit))).toEqual(
    new Set(['tick', 'replay', 'copy', 'maintain', 'status']),
  );
});

test('a goal that is not reached in time fails, and says what is missing', async () => {
  await pgtide(['resync', 'shop', 'goods'], env);
  const { status, err } = await pgtide(['run', '--until', 'synced', '--for', '0.001'], env);
  expect(status).toBe(1);
  expect(err).toContain('error: not synced after');
  expect((await pgtide(['run', '--until', 'synced', '--for', LONG], env)).status).toBe(0);
});

test('Ctrl-C ends the run with 130, after the units that are running', async () => {
  const running = startPgtide(['run', '--verbose'], env);
  await until('a unit has run', () => running.err().includes('"unit":"replay"'));
  running.child.kill('SIGINT');
  const { status, err } = await running.ended;
  expect(status).toBe(130);
  expect(err).toContain('ending after the units that are under way');
  expect(err).not.toContain('error:');
});

test('a run by hand needs no leases', async () => {
  await write(`update public.goods set price = 2 where id <= 500`);
  const { status } = await pgtide(['run', '--no-lease', '--until', 'idle', '--for', LONG], env);
  expect(status).toBe(0);
});

test('a removed table is no longer followed, and its rows stay', async () => {
  const { status, out } = await pgtide(['remove-table', 'shop', 'sales'], env);
  expect(status).toBe(0);
  expect(out).toContain('public.sales');
  await write('delete from public.sales');
  expect((await pgtide(['run', '--until', 'idle', '--for', LONG], env)).status).toBe(0);
  const left = await young.client((client) =>
    client.first<{ rows: bigint }>('select count(*) as rows from public.sales'),
  );
  expect(left?.rows).toBe(2900n);
  expect((await pgtide(['status'], env)).status).toBe(0);
});
