/** What is asked of the catalogs for one table does not grow with the other tables, whatever is known of the catalogs' contents. */
import { expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { makeRoot } from '../support/node.ts';

const TABLES = 20;
const OTHERS = 400;
const TRIGGERS = 5;

/** Rows of the catalogs that a call reads, as PostgreSQL counts them. $1 is the number of a table. */
async function rowsRead(client: Client, sql: string): Promise<number> {
  const read = async () => {
    const row = await client.first<{ rows: number }>(
      `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 as rows
         from pg_stat_xact_sys_tables where schemaname = 'pg_catalog'`,
    );
    return row?.rows ?? 0;
  };
  return client.transaction({}, async () => {
    // The first call makes plans.
    await client.query(sql, [0]);
    const before = await read();
    for (let nr = 1; nr <= TABLES; nr++) await client.query(sql, [nr]);
    return ((await read()) - before) / TABLES;
  });
}

/** Tables join, are looked at as status does, and leave. */
async function rowsReadInALife(client: Client, queue: string) {
  const table = `'${queue}', 'public.mine_' || $1::int`;
  return {
    add: await rowsRead(client, `select londiste.local_add_table(${table}, '{pgtide}')`),
    look: await rowsRead(client, `select pgtide.capture_problems('${queue}') where $1::int is not null`),
    remove: await rowsRead(client, `select londiste.local_remove_table(${table})`),
  };
}

const makeTables = (name: string, most: number) => `do $$ begin for t in 0 .. ${most} loop
  execute format('create table public.${name}_%s (id serial primary key, n int not null, name text)', t); end loop; end $$`;

it.each([10, 15, 18] as const)(
  'on PostgreSQL %i',
  async (version) => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await database.client(async (client) => {
      const queue = await makeRoot(client);
      await client.query(makeTables('mine', TABLES));
      const alone = await rowsReadInALife(client, queue);
      await client.query(makeTables('other', OTHERS));
      await client.query(`create function public.idle() returns trigger language plpgsql as 'begin return null; end';
      do $$ begin for t in 0 .. ${OTHERS} loop for g in 1 .. ${TRIGGERS} loop
        execute format('create trigger idle_%s after insert on public.other_%s execute procedure public.idle()', g, t);
      end loop; end loop; end $$`);
      const among = await rowsReadInALife(client, queue);
      for (const step of ['add', 'look', 'remove'] as const)
        expect(among[step], step).toBeLessThan(1.5 * alone[step]);
    });
  },
  60_000,
);
