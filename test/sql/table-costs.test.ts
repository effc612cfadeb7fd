/**
 * The catalog rows that are read for one table do not grow with the number of other tables, whatever the catalogs'
 * statistics are, and also in a session that made its plans when there were few tables.
 */
import { expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer } from '../support/database.ts';
import { makeRoot } from '../support/node.ts';

const MEASURED = 15;
const MEMBERS = 100;
const OTHERS = 700;
const TRIGGERS = 5;

const makeTables = (
  name: string,
  from: number,
  to: number,
  triggers = 0,
) => `do $$ begin for t in ${from} .. ${to} loop
    execute format('create table public.${name}_%s (id serial primary key, n int not null, name text)', t);
    for g in 1 .. ${triggers} loop
      execute format('create trigger idle_%s after insert on public.${name}_%s execute procedure public.idle()', g, t);
    end loop;
  end loop; end $$`;

/** The catalog rows that a call reads, as PostgreSQL counts them, without those that the measurement itself reads. */
async function rowsRead(client: Client, call: () => Promise<unknown>): Promise<number> {
  const read = async () => {
    const row = await client.first<{ rows: number }>(
      `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 as rows
         from pg_stat_xact_sys_tables where schemaname = 'pg_catalog'`,
    );
    return row?.rows ?? 0;
  };
  return client.transaction({}, async () => {
    const first = await read();
    const before = await read();
    await call();
    return (await read()) - before - (before - first);
  });
}

/** The median: after an autovacuum of the catalogs, a session reads its caches again. */
async function typical(numbers: readonly number[], work: (nr: number) => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (const nr of numbers) all.push(await work(nr));
  return all.sort((one, other) => one - other)[Math.floor(all.length / 2)] ?? Number.NaN;
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, nr) => from + nr);

it.each([
  { version: 10, analyzed: false },
  { version: 15, analyzed: true },
  { version: 18, analyzed: false },
] as const)(
  'on PostgreSQL $version, analyzed: $analyzed',
  async ({ version, analyzed }) => {
    // A separate server: a session whose caches many sessions of other databases invalidate reads them again.
    const database = await createDatabase(await ownServer({ version }), { owner: 'app' });
    await database.client((owner) => install(owner));
    await using adding = await database.open();
    const { client } = adding;
    const elsewhere = (sql: string) => database.client((other) => other.query(sql));
    const queue = await makeRoot(client);
    await elsewhere(
      `create function public.idle() returns trigger language plpgsql as 'begin return null; end'`,
    );
    await elsewhere(makeTables('mine', 1, MEMBERS));
    const onTable =
      (name: string, more = '') =>
      (nr: number) =>
        rowsRead(client, () =>
          client.query(`select londiste.${name}('${queue}', 'public.mine_${nr}'${more})`),
        );
    const add = onTable('local_add_table', `, '{pgtide}'`);
    const remove = onTable('local_remove_table');
    const look = () => rowsRead(client, () => client.query(`select pgtide.capture_problems('${queue}')`));
    for (const nr of range(1, MEMBERS - MEASURED)) await add(nr);
    await elsewhere(makeTables('other', 1, OTHERS, TRIGGERS));
    if (analyzed) await database.superuser((superuser) => superuser.query('analyze'));
    expect(await typical(range(MEMBERS - MEASURED + 1, MEASURED), add), 'to add one').toBeLessThan(2_500);
    expect((await look()) / MEMBERS, 'to look at one').toBeLessThan(500);
    expect(await typical(range(1, MEASURED), remove), 'to remove one').toBeLessThan(500);
  },
  120_000,
);
