/**
 * A dump holds the text of capture functions with the OIDs of its time. In a restored database, and after a table was
 * recreated or renamed, these OIDs belong to nothing or to other tables: writes go on, and no event is written under a
 * wrong name.
 */
import { describe, expect, it } from 'vitest';
import { listCaptureProblems } from '../../lib/capture/capture.ts';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { withOthers } from '../support/versions.ts';

/**
 * Does what pg_dump and psql do with these relations: creates them again in this order, with their rows and with their
 * triggers. Triggers that partitions have from their parent come with the parent's.
 */
async function restoreTables(
  client: Client,
  relations: { name: string; create: string }[],
  keepRows = true,
): Promise<void> {
  const triggers = await client.query<{ definition: string }>(
    `select pg_get_triggerdef(g.oid) as definition from pg_trigger g
      where g.tgrelid = any ($1::text[]::regclass[]) and not g.tgisinternal
        and coalesce((to_jsonb(g)->>'tgparentid')::bigint, 0) = 0 order by g.oid`,
    [relations.map(({ name }) => name)],
  );
  await client.query('create schema dump');
  for (const { name } of relations)
    await client.query(`create table dump.${name} as select * from only ${name}`);
  for (const { name } of relations.toReversed()) await client.query(`drop table ${name}`);
  for (const { name, create } of relations) {
    await client.query(create);
    if (keepRows) await client.query(`insert into ${name} select * from dump.${name}`);
  }
  for (const { definition } of triggers) await client.query(definition);
  await client.query('drop schema dump cascade');
}

/** Does the same for the queue: its event tables get other OIDs. */
async function restoreEventTables(client: Client): Promise<void> {
  for (const nr of [0, 1, 2])
    await client.query(`
      create table pgq.made_anew (like pgq.event_1_${nr} including all);
      insert into pgq.made_anew select * from pgq.event_1_${nr};
      drop table pgq.event_1_${nr};
      alter table pgq.made_anew inherit pgq.event_1;
      alter table pgq.made_anew rename to event_1_${nr}`);
}

/** A root of queue `shop` that has these tables. */
async function rootWith(
  version: number,
  setUp: string,
  tables: string[],
  story: (client: Client) => Promise<void>,
): Promise<void> {
  const database = await createDatabase(await postgres(version), { installed: true });
  await database.client(async (client) => {
    await client.query(`select pgq.create_queue('shop')`);
    await client.query(`select * from pgq_node.register_location('shop', 'old', 'env:OLD', false)`);
    await client.query(
      `select * from pgq_node.create_node('shop', 'root', 'old', 'shop.old', null, null, null)`,
    );
    await client.query(setUp);
    for (const table of tables)
      await client.query("select * from londiste.local_add_table($1, $2, '{pgtide}')", ['shop', table]);
    await story(client);
  });
}

async function eventsOf(client: Client): Promise<string[]> {
  const rows = await client.query<{ type: string; name: string; data: string }>(
    'select ev_type as type, ev_extra1 as name, ev_data as data from pgtide.stored_events() where ev_extra1 is not null order by ev_id',
  );
  return rows
    .filter(({ type }) => type === 'R' || type.startsWith('{'))
    .map(({ type, name, data }) =>
      type === 'R'
        ? `TRUNCATE ${name}`
        : `${(JSON.parse(type) as { op: string }).op} ${name} ${Object.values(JSON.parse(data) as object).join(',')}`,
    );
}

const codes = async (client: Client) =>
  (await listCaptureProblems(client, 'shop')).map(({ table, code }) => `${table} ${code}`);
const refresh = async (client: Client) =>
  (await client.query<{ name: string }>(`select pgtide.refresh_capture('shop') as name order by 1`)).map(
    ({ name }) => name,
  );

const makeT = 'create table t (id int primary key, note text)';
const makeU = 'create table u (id int primary key, note text)';
const changes = (table: string) => [
  `insert into ${table} values (1, 'a'), (2, 'b')`,
  `insert into ${table} values (3, 'c')`,
  `update ${table} set note = 'd' where id = 1`,
  `update ${table} set id = 4 where id = 3`,
  `delete from ${table} where id = 2`,
  `truncate ${table}`,
];
const eventsOfChanges = (name: string) => [
  `INSERT ${name} 1,a`,
  `INSERT ${name} 2,b`,
  `INSERT ${name} 3,c`,
  `UPDATE ${name} 1,d`,
  `DELETE ${name} 3,c`,
  `INSERT ${name} 4,c`,
  `DELETE ${name} 2,b`,
  `TRUNCATE ${name}`,
];

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it('captures in a restored database, says so, and is repaired by maintenance', async () => {
    await rootWith(version, `${makeT}; ${makeU}`, ['public.t', 'public.u'], async (client) => {
      const [before] = await client.query(`select 't'::regclass::oid as t, 'u'::regclass::oid as u`);
      await restoreTables(client, [
        { name: 't', create: makeT },
        { name: 'u', create: makeU },
      ]);
      await restoreEventTables(client);
      const [after] = await client.query(`select 't'::regclass::oid as t, 'u'::regclass::oid as u`);
      expect(Object.values(after ?? {})).not.toContain(before?.t);
      for (const change of [...changes('t'), ...changes('u')]) await client.query(change);
      const expected = [...eventsOfChanges('public.t'), ...eventsOfChanges('public.u')];
      expect(await eventsOf(client)).toEqual(expected);
      for (const change of changes('t')) {
        await client.query('begin isolation level repeatable read');
        await client.query(change);
        await client.query('commit');
      }
      expected.push(...eventsOfChanges('public.t'));
      expect(await eventsOf(client)).toEqual(expected);

      expect(await codes(client)).toEqual(['public.t capture-stale', 'public.u capture-stale']);
      expect(await refresh(client)).toEqual(['public.t', 'public.u']);
      expect(await codes(client)).toEqual([]);
      expect(await refresh(client)).toEqual([]);
      for (const change of changes('u')) await client.query(change);
      expect(await eventsOf(client)).toEqual([...expected, ...eventsOfChanges('public.u')]);
    });
  });

  it('writes nothing under the name of another table whose OID a function was made for', async () => {
    await rootWith(version, `${makeT}; ${makeU}`, ['public.t', 'public.u'], async (client) => {
      // The state after a restore in which each of two tables got the OID of the other.
      await client.query(`
        do $$ declare v_t oid := (select tgfoid from pg_trigger where tgrelid = 't'::regclass limit 1);
                      v_u oid := (select tgfoid from pg_trigger where tgrelid = 'u'::regclass limit 1); v_sql text[]; v_one text;
        begin
          v_sql := array(select replace(replace(replace(pg_get_triggerdef(g.oid), v_t::regproc::text, '<u>'), v_u::regproc::text, v_t::regproc::text), '<u>', v_u::regproc::text)
                         from pg_trigger g where g.tgfoid in (v_t, v_u));
          for v_one in select format('drop trigger %I on %s', tgname, tgrelid::regclass) from pg_trigger where tgfoid in (v_t, v_u) loop
            execute v_one;
          end loop;
          foreach v_one in array v_sql loop execute v_one; end loop;
        end $$`);
      for (const change of [...changes('t'), ...changes('u')]) await client.query(change);
      const expected = [...eventsOfChanges('public.t'), ...eventsOfChanges('public.u')];
      expect(await eventsOf(client)).toEqual(expected);
      expect(await codes(client)).toContain('public.t table-replaced');
    });
  });

  it('gives a new table a function of its own where an older one has taken the name that its OID makes', async () => {
    await rootWith(version, `${makeT}; ${makeU}`, ['public.t'], async (client) => {
      await client.query(`
        do $$ begin execute format('alter function %s() rename to %I',
          (select tgfoid::regproc from pg_trigger where tgrelid = 't'::regclass limit 1), 'capture_1_' || 'u'::regclass::oid); end $$`);
      await client.query(`select londiste.local_add_table('shop', 'public.u', '{pgtide}')`);
      expect(
        await client.first(
          `select count(distinct tgfoid)::int as n from pg_trigger where tgrelid in ('t'::regclass, 'u'::regclass) and tgfoid::regproc::text like 'pgtide.%'`,
        ),
      ).toEqual({ n: 2 });
      for (const change of [...changes('t'), ...changes('u')]) await client.query(change);
      expect(await eventsOf(client)).toEqual([
        ...eventsOfChanges('public.t'),
        ...eventsOfChanges('public.u'),
      ]);
      expect(await codes(client)).toEqual([]);
      await client.query(`select londiste.local_remove_table('shop', 'public.t')`);
      for (const change of changes('u')) await client.query(change);
      expect((await eventsOf(client)).filter((event) => event.includes('.u'))).toHaveLength(16);
    });
  });

  it('finds the partitioned table of restored partitions, and captures none that was detached', async () => {
    const makeP = 'create table p (id int not null, note text) partition by list (id)';
    const make1 = 'create table p1 partition of p for values in (1)';
    const make2 = 'create table p2 (id int not null, note text)';
    await rootWith(
      version,
      `${makeP}; ${make1}; ${make2.replace('(id int not null, note text)', 'partition of p for values in (2)')}`,
      ['public.p'],
      async (client) => {
        await client.query('alter table p detach partition p2');
        await restoreTables(
          client,
          [
            { name: 'p', create: makeP },
            { name: 'p1', create: make1 },
            { name: 'p2', create: make2 },
          ],
          false,
        );
        await restoreEventTables(client);
        await client.query(
          `insert into p values (1, 'a'); insert into p1 values (1, 'b'); insert into p2 values (2, 'c')`,
        );
        await client.query(`truncate p1; update p2 set note = 'd'; delete from p2; truncate p2; truncate p`);
        const expected = [
          'INSERT public.p 1,a',
          'INSERT public.p 1,b',
          'DELETE public.p 1,a',
          'DELETE public.p 1,b',
          'TRUNCATE public.p',
        ];
        expect(await eventsOf(client)).toEqual(expected);
        expect(await refresh(client)).toEqual(['public.p']);
        await client.query(`insert into p1 values (1, 'e'); insert into p2 values (2, 'c')`);
        expect(await eventsOf(client)).toEqual([...expected, 'INSERT public.p 1,e']);
        expect(await codes(client)).toEqual([]);
      },
    );
  });

  it('tells a table that was recreated in its database from a database that was restored', async () => {
    await rootWith(version, makeT, ['public.t'], async (client) => {
      await restoreTables(client, [{ name: 't', create: makeT }]);
      await client.query(`insert into t values (1, 'a')`);
      expect(await eventsOf(client)).toEqual(['INSERT public.t 1,a']);
      expect(await codes(client)).toEqual(['public.t table-replaced']);
      expect(await refresh(client)).toEqual([]);
      expect(await codes(client)).toEqual(['public.t table-replaced']);
    });
  });

  it('reports two tables that have swapped their names', async () => {
    await rootWith(version, `${makeT}; ${makeU}`, ['public.t', 'public.u'], async (client) => {
      await client.query('alter table t rename to x; alter table u rename to t; alter table x rename to u');
      await client.query(`insert into t values (1, 'was u')`);
      expect(await eventsOf(client)).toEqual(['INSERT public.t 1,was u']);
      expect(await refresh(client)).toEqual([]);
      expect(await codes(client)).toEqual(['public.t table-replaced', 'public.u table-replaced']);
    });
  });

  it('finds its triggers by their functions, whatever their names', async () => {
    await rootWith(version, makeT, ['public.t'], async (client) => {
      await client.query(`do $$ declare v record; begin
        for v in select tgname from pg_trigger where tgrelid = 't'::regclass and not tgisinternal loop
          execute format('alter trigger %I on t rename to %I', v.tgname, 'my' || v.tgname);
          execute format('create function %I() returns trigger language plpgsql as ''begin return null; end''', v.tgname);
          execute format('create trigger %I after insert on t for each statement execute procedure %1$I()', v.tgname);
        end loop; end $$`);
      expect(await codes(client)).toEqual([]);
      await client.query('drop trigger my_pgtide_shop_delete on t');
      expect(await codes(client)).toEqual(['public.t trigger-missing']);
      await client.query(`select pgtide.create_capture('shop', 't'::regclass, 'public.t')`);
      expect(await codes(client)).toEqual([]);
      for (const change of changes('t')) await client.query(change);
      expect(await eventsOf(client)).toEqual(eventsOfChanges('public.t'));
      await client.query(`select pgtide.drop_capture('shop', 't'::regclass)`);
      const left = await client.query(`select tgname from pg_trigger where tgrelid = 't'::regclass`);
      expect(left, "those that are not pgtide's").toHaveLength(5);
    });
  });
});
