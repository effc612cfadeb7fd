/**
 * C1, C2: a Londiste leaf follows a root that pgtide has created, with Londiste's handlers, through the location that
 * pgtide has registered. The handler dispatch is left out: the one in Debian's Londiste requires an argument that it
 * refuses. Needs Debian's pgqd and python3-londiste; skipped, with a message, if they are missing.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { install } from '../../lib/units/install.ts';
import { LondisteNodes, PATIENCE_MS } from '../support/londiste.ts';
import { peersAreMissing } from '../support/peers.ts';
import { cascade } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

/** Tables, and the arguments with which the leaf adds them; also those of the root, if it has some. */
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

/** Applies events of logutriga's form, as the functions of multimaster and other handlers do. No other events reach it. */
const applyFunction = `create function apply_called(conf text, tick text, ev_id text, ev_time text, ev_txid text, ev_retry text,
    ev_type text, ev_data text, e1 text, e2 text, e3 text, e4 text) returns void language plpgsql as $$
  declare r called;
  begin
    if ev_type not like '_:id' then raise exception 'cannot read %', ev_type; end if;
    select * into r from json_populate_record(null::called, (pgtide._json_of_urlencoded(ev_data, 'UTF8')).data::json);
    delete from called where id = r.id;
    if ev_type not like 'D%' then insert into called select r.*; end if;
  end $$`;

describe.skipIf(peersAreMissing())('Londiste’s handlers, on our SQL', { timeout: 3 * PATIENCE_MS }, () => {
  let nodes: LondisteNodes;
  beforeAll(async () => {
    nodes = new LondisteNodes();
    for (const [name, job] of Object.entries({ root: 'shop.root', leaf: 'leaf_worker' })) {
      await nodes.createDatabase(name, schema);
      nodes.configure(name, name, 'shop', {
        job_name: job,
        handler_modules: 'londiste.handlers.bulk, londiste.handlers.applyfn, londiste.handlers.shard',
        shard_hash_func: 'public.hash_of',
        shard_info_sql: 'select 0, 0, 1',
      });
    }
    const root = nodes.database('root');
    // Locations hold no password; the programs that connect supply it.
    vi.stubEnv('PGPASSWORD', root.server.password);
    await install(cascade('shop', { root }).context('root'), {});
    await nodes.query(
      'root',
      `create function hash_of(int) returns int language sql immutable as 'select $1'`,
    );
    await nodes.query('leaf', applyFunction);
    await nodes.run(
      'leaf',
      'create-leaf',
      'leaf',
      nodes.connectString('leaf'),
      `--provider=${nodes.connectString('root')}`,
    );
    await nodes.tickOften('root');
    nodes.startPgqd('root');
    nodes.startWorkers('root', 'leaf');
  });
  afterAll(() => vi.unstubAllEnvs());

  const change = (sql: string) => nodes.query('root', sql);
  const rows = async (name: string) => {
    const all: Record<string, unknown> = {};
    for (const table of tables) all[table] = await nodes.query(name, `select * from ${table} order by id`);
    return JSON.stringify(all);
  };
  const inStep = () =>
    until(
      'both are equal',
      async () => {
        const [there, here] = await Promise.all([rows('root'), rows('leaf')]);
        const [state] = await nodes.query<{ error: string | null }>(
          'leaf',
          'select cur_error as error from pgq_node.local_state',
        );
        if (state?.error) throw new Error(state.error);
        return there === here;
      },
      PATIENCE_MS,
    );

  test('it connects to the location that pgtide has registered, and shows it in its status', async () => {
    expect(await nodes.run('root', 'members')).toMatch(
      /^root +False +host=\S+ port=\d+ dbname=\S+ user=\S+ sslmode=disable/m,
    );
    expect(await nodes.run('leaf', 'status')).toMatch(/^root \(root\)\n.*\+--: leaf \(leaf\)/ms);
  });

  test('each handler reads what the root captures', async () => {
    expect(await nodes.run('root', 'missing')).toMatch(/^r +public\.high$.*^r +public\.low$/ms);
    expect(await nodes.run('root', 'missing')).not.toMatch(/parted/);
    for (const [name, { root = [], leaf }] of Object.entries(handlers)) {
      await nodes.run('root', 'add-table', name, ...root);
      await nodes.run('leaf', 'add-table', name, '--expect-sync', ...leaf);
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
    const refused = await nodes.attempt('root', 'add-table', 'keyless');
    expect(refused.err).toMatch(/Primary key missing on table: public\.keyless/);
    const whole = await nodes.attempt('root', 'add-table', 'whole', '--force');
    expect(whole.err).toMatch(/public\.whole is partitioned/);
    await inStep();
  });
});
