/**
 * C1, C2: a Londiste leaf follows a root that pgtide has made, with Londiste's handlers, over the location that pgtide has
 * registered. Not with dispatch: that of Debian's Londiste wants an argument that it refuses. Needs Debian's pgqd and
 * python3-londiste; skipped, and said so, where they are missing.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { install as installSql } from '../../lib/install/install.ts';
import { install } from '../../lib/units/install.ts';
import { allowReplicaMode, createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  connectString,
  folderForFile,
  missingPrograms,
  runPeer,
  startPeer,
  startPgqd,
  writeIni,
} from '../support/peers.ts';
import { cascade } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

const missing = missingPrograms();
if (missing.length > 0)
  console.log(
    `skipped: Londiste's programs (test/support/install-peers.sh would bring ${missing.join(', ')})`,
  );

const PATIENCE_MS = 120_000;

/** Tables, and how the leaf (and where it says so the root) adds them. */
const handlers: Record<string, { leaf: string[]; root?: string[] }> = {
  plain: { leaf: [] },
  bulk0: { leaf: ['--handler=bulk'] },
  bulk2: { leaf: ['--handler=bulk', '--handler-arg=method=2'] },
  called: { leaf: ['--handler=applyfn', '--handler-arg=func_name=public.apply_called'] },
  sharded: {
    leaf: ['--handler=shard', '--handler-arg=hash_key=id'],
    root: ['--handler=shard', '--handler-arg=hash_key=id'],
  },
  flagged: { leaf: [], root: ['--trigger-flags=Q'] },
  low: { leaf: ['--handler=bulk'] },
  high: { leaf: [] },
};
const tables = Object.keys(handlers);

const schema = `${tables
  .filter((name) => name !== 'low' && name !== 'high')
  .map(
    (name) => `create table ${name} (id int primary key, v text, at timestamptz, flag bool, "an é" numeric);`,
  )
  .join('\n')}
  create table parted (id int not null, v text, at timestamptz, flag bool, "an é" numeric) partition by range (id);
  create table low partition of parted (primary key (id)) for values from (minvalue) to (1000);
  create table high partition of parted (primary key (id)) for values from (1000) to (maxvalue);`;

/** What multimaster's and others' functions do, for events of logutriga's form: only these reach it. */
const applyFunction = `create function apply_called(conf text, tick text, ev_id text, ev_time text, ev_txid text, ev_retry text,
    ev_type text, ev_data text, e1 text, e2 text, e3 text, e4 text) returns void language plpgsql as $$
  declare r called;
  begin
    if ev_type not like '_:id' then raise exception 'cannot read %', ev_type; end if;
    select * into r from json_populate_record(null::called, (pgtide.json_of_urlencoded(ev_data, 'UTF8')).data::json);
    delete from called where id = r.id;
    if ev_type not like 'D%' then insert into called select r.*; end if;
  end $$`;

describe.skipIf(missing.length > 0)('Londiste’s handlers, on our SQL', { timeout: 3 * PATIENCE_MS }, () => {
  const nodes: Record<string, { db: TestDatabase; ini: string }> = {};
  const node = (name: string) => {
    const found = nodes[name];
    if (!found) throw new Error(`no node ${name}`);
    return found;
  };

  beforeAll(async () => {
    const folder = folderForFile();
    const server = await postgres(15);
    // Locations hold no password; programs that connect to them bring one.
    vi.stubEnv('PGPASSWORD', server.password);
    for (const name of ['root', 'leaf']) {
      const db = await createDatabase(server, { owner: 'replicator' });
      await allowReplicaMode(server, 'replicator');
      await db.client((client) => client.query(schema));
      const ini = writeIni(folder, name, 'londiste', {
        job_name: name === 'root' ? 'shop.root' : 'leaf_worker',
        db: connectString(db),
        queue_name: 'shop',
        loop_delay: 0.1,
        handler_modules: 'londiste.handlers.bulk, londiste.handlers.applyfn, londiste.handlers.shard',
        shard_hash_func: 'public.hash_of',
        shard_info_sql: 'select 0, 0, 1',
      });
      nodes[name] = { db, ini };
    }
    const [root, leaf] = [node('root').db, node('leaf').db];
    await install(cascade('shop', { root }).context('root'), {});
    await root.client((client) =>
      client.query(`create function hash_of(int) returns int language sql immutable as 'select $1';
        select pgq.set_queue_config('shop', 'ticker_max_lag', '0.1 s'), pgq.set_queue_config('shop', 'ticker_idle_period', '0.2 s')`),
    );
    await leaf.client(async (client) => {
      await installSql(client);
      await client.query(applyFunction);
    });
    await londiste('leaf', 'create-leaf', 'leaf', connectString(leaf), `--provider=${connectString(root)}`);
    startPgqd(folder, [root]);
    for (const { ini } of Object.values(nodes)) startPeer('londiste', ['-q', ini, 'worker']);
  });
  afterAll(() => vi.unstubAllEnvs());

  async function londiste(name: string, ...words: string[]): Promise<string> {
    const { status, out, err } = await runPeer('londiste', [node(name).ini, ...words]);
    expect([status, err].join(': ')).toMatch(/^0: /);
    expect(err).not.toMatch(/ERROR|Traceback/);
    return out + err;
  }

  const change = (sql: string) => node('root').db.client((client) => client.query(sql));
  const rows = (name: string) =>
    node(name).db.client(async (client) => {
      const all: Record<string, unknown> = {};
      for (const table of tables) all[table] = await client.query(`select * from ${table} order by id`);
      return all;
    });
  const inStep = () =>
    until(
      'both are equal',
      async () => {
        const [there, here] = await Promise.all([rows('root'), rows('leaf')]);
        const { error } = (await node('leaf').db.client((client) =>
          client.first<{ error: string | null }>('select cur_error as error from pgq_node.local_state'),
        )) ?? { error: null };
        if (error) throw new Error(error);
        return JSON.stringify(there) === JSON.stringify(here);
      },
      PATIENCE_MS,
    );

  test('it follows the location that pgtide has registered, and shows it in its status', async () => {
    expect(await londiste('root', 'members')).toMatch(
      /^root +False +host=\S+ port=\d+ dbname=\S+ user=\S+ sslmode=disable/m,
    );
    expect(await londiste('leaf', 'status')).toMatch(/^root \(root\)\n.*\+--: leaf \(leaf\)/ms);
  });

  test('each handler reads what the root captures', async () => {
    expect(await londiste('root', 'missing')).toMatch(/^r +public\.high$.*^r +public\.low$/ms);
    expect(await londiste('root', 'missing')).not.toMatch(/parted/);
    for (const [name, { root = [], leaf }] of Object.entries(handlers)) {
      await londiste('root', 'add-table', name, ...root);
      await londiste('leaf', 'add-table', name, '--expect-sync', ...leaf);
    }
    const all = (sql: (table: string) => string) =>
      change(tables.map((name) => sql(name === 'high' ? 'parted' : name)).join('; '));
    await all(
      (t) =>
        `insert into ${t} select i + ${t === 'parted' ? 1000 : 0}, 'it''s & 100 % \\ é', now(), i % 2 = 0, i / 3.0 from generate_series(1, 20) i`,
    );
    await all(
      (t) =>
        `update ${t} set v = null, "an é" = 'NaN' where id % 5 = 0; update ${t} set v = '' where id % 3 = 0`,
    );
    await inStep();
    await all((t) => `delete from ${t} where id % 4 = 0`);
    await change(
      `update parted set id = id + 5000 where id < 1000 and id < 3; update plain set id = -1 where id = 1; update bulk0 set id = -1 where id = 1`,
    );
    await inStep();
    await change('truncate plain, called, high');
    await change(`insert into plain (id) values (1); insert into parted (id) values (2000)`);
    await inStep();
  });

  test('a table that its workers cannot follow is refused, and --all takes the others', async () => {
    await change(
      'create table keyless (v text); create table whole (id int primary key) partition by range (id)',
    );
    const refused = await runPeer('londiste', [node('root').ini, 'add-table', 'keyless']);
    expect(refused.err).toMatch(/Primary key missing on table: public\.keyless/);
    const whole = await runPeer('londiste', [node('root').ini, 'add-table', 'whole', '--force']);
    expect(whole.err).toMatch(/public\.whole is partitioned/);
    await inStep();
  });
});
