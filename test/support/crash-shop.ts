/**
 * A shop for tests that break things: four related tables, a generator of all kinds of changes, and an independent oracle
 * (digests of the rows' texts) that compares both sides after every accident.
 */
import { expect } from 'vitest';
import type { ConnectionTarget } from '../../lib/db/client.ts';
import { install } from '../../lib/units/install.ts';
import { createDatabase, type OpenClient, postgres, type TestDatabase } from './database.ts';
import { onFileEnd } from './file-scope.ts';
import { addTables, followUntilSynced, tickNow } from './follow.ts';
import { createReplicaLeaf } from './replica-pair.ts';
import { asSuperuser } from './shared-servers.ts';
import { cascade, type InstalledPair } from './unit-context.ts';
import { until } from './until.ts';

/** The way in which the subscriber's role applies rows: with foreign keys live, or in replica mode, which it was granted. */
export type ApplyMode = 'plain owner' | 'replica mode';
export const applyModes: ApplyMode[] = ['plain owner', 'replica mode'];

export const shopTables = ['customer', 'orders', 'stock', 'log'];

const tablesSql = `
  create table customer (id bigint primary key, name text not null, email text unique, region text);
  create table orders (id bigint primary key, customer_id bigint not null references customer on update cascade on delete cascade,
    total numeric(12,2), note text);
  create index orders_customer on orders (customer_id);
  create table stock (place text, item int, amount int not null, note text, primary key (place, item));
  create table log (line text, n int);`;

const rowsSql = `
  insert into customer select i, 'name ' || i, 'mail' || i || '@x', 'r' || i % 7 from generate_series(1, 150) i;
  insert into orders select i, i % 150 + 1, i / 7.0, repeat('x', 300) from generate_series(1, 450) i;
  insert into stock select chr(65 + i % 23) || chr(97 + i % 5), i, 10, repeat('y', 300) from generate_series(1, 400) i;
  insert into log select 'line ' || i % 10, i % 3 from generate_series(1, 30) i;
  analyze;`;

/** shop_work(n): the n-th round of changes. Keys move to the front and to the back, and so between the chunks of a copy. */
const workSql = `
  create sequence shop_ids start 100000;
  create function shop_work(n int) returns void language plpgsql as $$
  declare
    v_someone bigint := (select id from customer order by md5(id::text || n) limit 1);
    v_other bigint := (select id from customer order by md5(n || id::text) limit 1);
    v_email text;
  begin
    insert into customer select nextval('shop_ids'), 'new', 'new' || n || '@x', 'n' from generate_series(1, 1) i;
    insert into orders select nextval('shop_ids'), v_someone, n, 'new' from generate_series(1, 4);
    insert into orders select -nextval('shop_ids'), v_other, n, 'new, at the front' from generate_series(1, 3);
    update orders set total = total + 1, note = note || 'u' where abs(id) % 13 = n % 13;
    update orders set id = case when id > 0 then -nextval('shop_ids') else nextval('shop_ids') end where abs(id) % 61 = n % 61;
    delete from orders where id in (select id from orders order by md5(id::text || n) limit 7);
    update customer set region = 'z' || n where id % 9 = n % 9;
    -- The unique value changes hands.
    select email into v_email from customer where id = v_someone;
    if v_someone <> v_other then
      update customer set email = null where id = v_someone;
      update customer set email = coalesce(v_email, email) where id = v_other;
    end if;
    -- Orders move with their customer, and go with it.
    update customer set id = nextval('shop_ids') where id = v_someone;
    delete from customer where id = (select id from customer order by md5(n || 'x' || id) limit 1);
    insert into stock values ('Ma', n, 1, 'new') on conflict (place, item) do update set amount = stock.amount + 1;
    update stock set place = case when place < 'M' then 'Z' else 'A' end || n, item = nextval('shop_ids') where item % 37 = n % 37;
    update stock set amount = amount + 1 where item % 11 = n % 11;
    delete from stock where (place, item) in (select place, item from stock order by md5(item::text || n) limit 2);
    insert into log values ('line ' || n % 10, n), ('line ' || n % 10, n);
    update log set n = log.n + 1 where line = 'line ' || (shop_work.n + 3) % 10;
    delete from log where ctid = (select min(ctid) from log);
  end $$;`;

export interface CrashShop extends InstalledPair {
  readonly targets: { old: ConnectionTarget; new: ConnectionTarget };
  readonly tuning: Record<string, unknown>;
  /** Makes one round of changes on the root; each round is different. */
  work(): Promise<void>;
  onOld(sql: string): Promise<void>;
  onNew(sql: string): Promise<void>;
  tick(): Promise<bigint>;
  /**
   * Runs the scheduled units, and again those that have to try later, until the leaf has everything. Then both sides must
   * be equal.
   */
  settle(): Promise<void>;
  /** The leaf's position and its place inside a batch. */
  position(): Promise<{ tick: bigint; slice: bigint | null; epoch: bigint; error: string | null }>;
  expectEqual(): Promise<void>;
  /** Keeps a copy of a node's database; `restore` replaces the database by it. */
  backUp(node: 'old' | 'new'): Promise<{ restore(): Promise<void> }>;
}

const smallChunks = { copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } };

export interface CrashShopOptions {
  mode?: ApplyMode;
  tuning?: Record<string, unknown>;
  /** Runs before the tables are added, to create other objects. */
  prepare?: (pair: InstalledPair) => Promise<void>;
}

/** The shop with its tables added. They are also copied, unless `copied` is false. */
export async function crashShop(options: CrashShopOptions & { copied?: boolean } = {}): Promise<CrashShop> {
  const old = await createDatabase(await postgres(13), { installed: true });
  const leaf =
    options.mode === 'replica mode'
      ? await createReplicaLeaf(17)
      : await createDatabase(await postgres(17), { installed: true });
  const tuning = { ...smallChunks, ...options.tuning };
  const shop = cascade('shop', { old, new: leaf }, tuning);
  await install(shop.context('old'), {});
  const both = async (sql: string) => {
    for (const database of [old, leaf]) await database.client((client) => client.query(sql));
  };
  const pair: InstalledPair = { old, new: leaf, shop, both };
  await both(tablesSql);
  const sides = { old: new Line(old), new: new Line(leaf) };
  await sides.old.query(rowsSql);
  await sides.old.query(workSql);
  await options.prepare?.(pair);
  await addTables(pair, shopTables);
  const it = driven(pair, tuning, sides);
  if (options.copied !== false) await it.settle();
  return it;
}

/** A connection that is opened when it is needed, and then kept. */
class Line {
  readonly #database: TestDatabase;
  #open: Promise<OpenClient> | undefined;

  constructor(database: TestDatabase) {
    this.#database = database;
    onFileEnd(() => this.hangUp());
  }

  async query<T>(sql: string, values?: unknown[]): Promise<T[]> {
    this.#open ??= this.#database.open();
    return (await this.#open).client.query<T>(sql, values);
  }

  async hangUp(): Promise<void> {
    await (await this.#open)?.close();
    this.#open = undefined;
  }
}

function driven(
  pair: InstalledPair,
  tuning: Record<string, unknown>,
  sides: { old: Line; new: Line },
): CrashShop {
  let rounds = 0;
  const it: CrashShop = {
    ...pair,
    targets: { old: pair.old.target, new: pair.new.target },
    tuning,
    work: async () => void (await sides.old.query('select shop_work($1)', [++rounds])),
    onOld: async (sql) => void (await sides.old.query(sql)),
    onNew: async (sql) => void (await sides.new.query(sql)),
    tick: () => tickNow(pair),
    settle: async () => {
      await followUntilSynced(pair);
      await it.expectEqual();
    },
    position: async () => {
      const [row] = await sides.new.query<{
        tick: bigint;
        slice: bigint | null;
        epoch: bigint;
        error: string | null;
      }>(
        `select s.last_tick_id as tick, r.slice_ev_id as slice, coalesce(r.epoch, 0) as epoch, s.cur_error as error
           from pgq_node.local_state s left join pgtide.replay_state r using (queue_name, consumer_name)
          where s.queue_name = 'shop' and s.consumer_name = 'shop.new'`,
      );
      if (!row) throw new Error('the leaf has no position');
      return row;
    },
    expectEqual: async () => {
      const [root, leaf] = [await digests(sides.old), await digests(sides.new)];
      const errors = await sides.new.query(
        'select table_name, error from pgtide.table_state where error is not null',
      );
      expect(errors, 'tables that were set aside').toEqual([]);
      if (JSON.stringify(root) === JSON.stringify(leaf)) return;
      expect(await differences(sides), 'rows of the root (-) and the leaf (+)').toEqual([]);
    },
    backUp: (node) => backUp(pair[node], sides[node]),
  };
  return it;
}

const lines = (table: string) => `select t::text as line from ${table} t order by t::text collate "C"`;

async function digests(side: Line): Promise<unknown> {
  const each = shopTables.map(
    (table) => `(select md5(coalesce(string_agg(line, E'\\n'), '')) from (${lines(table)}) l) as ${table}`,
  );
  return (await side.query(`select ${each.join(', ')}`))[0];
}

/** Rows that only one side has, shortened. */
async function differences(sides: { old: Line; new: Line }): Promise<string[]> {
  const found: string[] = [];
  for (const table of shopTables) {
    const [root = [], leaf = []] = await Promise.all(
      [sides.old, sides.new].map(async (side) =>
        (await side.query<{ line: string }>(lines(table))).map(({ line }) =>
          line.replaceAll(/(.)\1{9,}/g, '$1…'),
        ),
      ),
    );
    found.push(...root.filter((line) => !leaf.includes(line)).map((line) => `- ${table} ${line}`));
    found.push(...leaf.filter((line) => !root.includes(line)).map((line) => `+ ${table} ${line}`));
    if (root.length !== leaf.length) found.push(`${table}: ${root.length} rows, and ${leaf.length}`);
  }
  return found.slice(0, 30);
}

async function backUp(database: TestDatabase, line: Line): Promise<{ restore(): Promise<void> }> {
  const { server, name, owner } = database;
  const backup = `${name}_backup`;
  const leaveAlone = async () => {
    await line.hangUp();
    await asSuperuser(
      server,
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
    await until('no session is connected', async () => {
      const there = await asSuperuser(
        server,
        'postgres',
        `select 1 from pg_stat_activity where datname = '${name}'`,
      );
      return there.length === 0;
    });
  };
  await leaveAlone();
  await asSuperuser(server, 'postgres', `create database ${backup} owner ${owner} template ${name}`);
  return {
    async restore() {
      await leaveAlone();
      await asSuperuser(server, 'postgres', `drop database ${name}`);
      await asSuperuser(server, 'postgres', `alter database ${backup} rename to ${name}`);
    },
  };
}
