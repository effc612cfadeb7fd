/** pgtide._foreign_key_ranks: parents have lower ranks than the tables that refer to them, in chains, diamonds and circles of any length. */
import { expect, it } from 'vitest';
import { createDatabase, postgres } from '../support/database.ts';

const ranksOf = async (version: Parameters<typeof postgres>[0], ddl: string) => {
  const database = await createDatabase(await postgres(version), { installed: true });
  return database.client(async (client) => {
    await client.query(ddl);
    const rows = await client.query<{ name: string; rank: number }>(
      `select r.oid::regclass::text as name, r.rank
         from pgtide._foreign_key_ranks(array(select c.oid from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r')) r`,
    );
    return new Map(rows.map(({ name, rank }) => [name, rank]));
  });
};

it.each([10, 18] as const)('ranks a long chain, a diamond and a circle on PostgreSQL %i', async (version) => {
  const ranks = await ranksOf(
    version,
    `do $$ begin for t in 1 .. 300 loop execute format('create table chain_%s (id int primary key, parent int%s)', t,
       case when t > 1 then format(' references chain_%s', t - 1) end); end loop; end $$;
     create table top (id int primary key);
     create table left_one (id int primary key references top);
     create table left_two (id int primary key references left_one);
     create table right_one (id int primary key references top);
     create table bottom (id int primary key references left_two, other int references right_one);
     create table apart (id int primary key, self int references apart);
     create table egg (id int primary key, hen int);
     create table hen (id int primary key, egg int references egg);
     alter table egg add foreign key (hen) references hen;
     create table chick (id int primary key references hen)`,
  );
  for (let nr = 1; nr <= 300; nr++) expect(ranks.get(`chain_${nr}`)).toBe(nr - 1);
  expect(Object.fromEntries(ranks)).toMatchObject({
    top: 0,
    left_one: 1,
    right_one: 1,
    left_two: 2,
    bottom: 3,
    apart: 0,
  });
  expect(new Set([ranks.get('egg'), ranks.get('hen')])).toEqual(new Set([0, 1]));
  expect(ranks.get('chick')).toBeGreaterThan(ranks.get('hen') ?? 0);
});

it('ranks no table', async () => {
  expect(await ranksOf(17, 'select 1')).toEqual(new Map());
});
