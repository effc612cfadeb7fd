/**
 * Writes in replica mode, by a native subscription or a session. They are captured if the queue's policy says so, once and
 * in order. If they are not, status reports that a subscription writes to a captured table.
 */
import { describe, expect, it } from 'vitest';
import { listCaptureProblems, listFedTables, refreshCapture } from '../../lib/capture/capture.ts';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, postgres } from '../support/database.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

async function makeRoot(client: Client): Promise<void> {
  await client.query(`select pgq.create_queue('shop')`);
  await client.query(`select * from pgq_node.register_location('shop', 'old', 'env:OLD', false)`);
  await client.query(
    `select * from pgq_node.create_node('shop', 'root', 'old', 'shop.old', null, null, null)`,
  );
}

const add = (client: Client, table: string) =>
  client.query("select * from londiste.local_add_table($1, $2, '{pgtide}')", ['shop', table]);
const on = { captureReplicaWrites: true };
const off = { captureReplicaWrites: false };
const codes = async (client: Client) => (await listCaptureProblems(client, 'shop')).map(({ code }) => code);

async function eventsOf(client: Client): Promise<string[]> {
  const rows = await client.query<{ type: string; data: string; old: string | null }>(
    `select ev_type as type, ev_data as data, ev_extra2 as old from pgtide.stored_events() where ev_type like '{%' or ev_type = 'R' order by ev_id`,
  );
  const values = (text: string) => Object.values(JSON.parse(text) as object).join(',');
  return rows.map(({ type, data, old }) =>
    type === 'R'
      ? 'TRUNCATE'
      : `${(JSON.parse(type) as { op: string }).op} ${values(data)}${old ? ` was ${values(old)}` : ''}`,
  );
}

const changes = `insert into t values (1, 'a', '2020-02-03'), (2, 'b', null); update t set note = 'c' where id = 1; update t set id = 3 where id = 2;
  delete from t where id = 1; truncate t`;
const written = [
  'INSERT 1,a,2020-02-03',
  'INSERT 2,b,',
  'UPDATE 1,c,2020-02-03',
  'DELETE 2,b,',
  'INSERT 3,b,',
  'DELETE 1,c,2020-02-03',
  'TRUNCATE',
];

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it('captures writes in replica mode when asked to, others once all the same, and no more when not', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await database.superuser(async (client) => {
      await makeRoot(client);
      await client.query(`create table t (id int primary key, note text, d date);
        create table p (id int, n int) partition by list (id); create table p1 partition of p for values in (1)`);
      await add(client, 'public.t');
      const replica = async (sql: string) => {
        await client.query(`set session_replication_role = 'replica'; set datestyle = 'German'`);
        await client.query(sql);
        await client.query(`reset session_replication_role; reset datestyle`);
      };
      await replica(changes);
      expect(await eventsOf(client), 'as it always was').toEqual([]);

      expect(await refreshCapture(client, 'shop', on)).toEqual(['public.t']);
      expect(await refreshCapture(client, 'shop', on)).toEqual([]);
      expect(await codes(client)).toEqual([]);
      await replica(changes);
      expect(await eventsOf(client)).toEqual(written);
      await client.query(changes);
      const expected = [...written, ...written];
      expect(await eventsOf(client), 'others are written once').toEqual(expected);
      await client.query(`begin isolation level repeatable read`);
      await replica(changes);
      await client.query(`commit; alter table t add n int default 7`);
      await replica(`insert into t values (5, 'e'); update t set id = 6, n = 8; delete from t`);
      expected.push(...written, 'INSERT 5,e,,7', 'DELETE 5,e,,7', 'INSERT 6,e,,8', 'DELETE 6,e,,8');
      expect(await eventsOf(client)).toEqual(expected);

      // The state in which pg_restore --disable-triggers leaves them.
      await client.query('alter table t disable trigger all; alter table t enable trigger all');
      expect(await codes(client)).toContain('replica-uncaptured');
      await client.query(`insert into t values (7)`);
      expect(await eventsOf(client)).toEqual([...expected, 'INSERT 7,,,7']);
      expect(await refreshCapture(client, 'shop', on)).toEqual(['public.t']);
      expect(await codes(client)).toEqual([]);
      await replica(`insert into t values (8)`);
      expected.push('INSERT 7,,,7', 'INSERT 8,,,7');
      expect(await eventsOf(client)).toEqual(expected);

      await add(client, 'public.p');
      await client.query('create table p2 partition of p for values in (2)');
      if (version < 13) expect(await refreshCapture(client, 'shop', on)).toEqual(['public.p']);
      await replica('insert into p2 values (2, 2); update p2 set n = 3; truncate p2; delete from p2');
      expected.push('INSERT 2,2', 'UPDATE 2,3 was 2,2');
      if (version < 13) expected.push('DELETE 2,3');
      expect(await eventsOf(client)).toEqual(expected);

      await refreshCapture(client, 'shop', off);
      await replica(`insert into t values (9); insert into p1 values (1, 1)`);
      expect(await eventsOf(client)).toEqual(expected);
      expect(await codes(client)).toEqual([]);
      const left = await client.query(
        `select from pg_trigger where tgenabled <> 'O' and tgrelid in ('t'::regclass, 'p1'::regclass) and tgname not like '%foreign'`,
      );
      expect(left).toEqual([]);
    });
  });

  it('ends also while triggers of others call its function', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await database.superuser(async (client) => {
      await makeRoot(client);
      await client.query(`create table t (id int primary key); create table theirs (id int)`);
      await add(client, 'public.t');
      await refreshCapture(client, 'shop', on);
      const [row] = await client.query<{ name: string }>(
        `select p.oid::regprocedure::text as name from pg_proc p where p.proname like 'capture\\_rows%'`,
      );
      await client.query(
        `create trigger theirs after insert on theirs for each row execute procedure ${row?.name}`,
      );
      expect(await refreshCapture(client, 'shop', off)).toEqual(['public.t']);
      expect(await refreshCapture(client, 'shop', off)).toEqual([]);
      await client.query(`insert into theirs values (1); set session_replication_role = 'replica';
        insert into t values (1); insert into theirs values (2); reset session_replication_role`);
      expect(await eventsOf(client)).toEqual([]);
      await client.query('drop table theirs; insert into t values (2)');
      expect(await eventsOf(client)).toEqual(['INSERT 2']);
    });
  });

  it('captures in a restored database, whose table has another OID', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await database.superuser(async (client) => {
      await makeRoot(client);
      const create = 'create table t (id int primary key, note text, d date)';
      await client.query(create);
      await refreshCapture(client, 'shop', on);
      await add(client, 'public.t');
      const triggers = await client.query<{ definition: string; name: string; enabled: string }>(
        `select pg_get_triggerdef(oid) as definition, tgname as name, tgenabled::text as enabled from pg_trigger
          where tgrelid = 't'::regclass and not tgisinternal`,
      );
      await client.query(`drop table t; ${create}`);
      for (const { definition, name, enabled } of triggers) {
        await client.query(definition);
        if (enabled !== 'O')
          await client.query(
            `alter table t enable ${enabled === 'R' ? 'replica' : 'always'} trigger ${name}`,
          );
      }
      await client.query(`set session_replication_role = 'replica'`);
      await client.query(changes);
      expect(await eventsOf(client)).toEqual(written);
    });
  });
});

it('captures what a native subscription writes, and says when it does not', async () => {
  const server = await ownServer({ version: 17, settings: { wal_level: 'logical' } });
  const source = await createDatabase(server, { owner: 'keeper' });
  const database = await createDatabase(server, { owner: 'keeper' });
  const create = 'create table t (id int primary key, note text, d date)';
  await source.superuser(async (client) => {
    await client.query(`${create}; insert into t values (1, 'copied'); create publication out for table t`);
    await client.query(`select pg_create_logical_replication_slot('feed', 'pgoutput')`);
  });
  await database.superuser(async (client) => {
    await install(client);
    await makeRoot(client);
    await client.query(create);
    await add(client, 'public.t');
    const connection = `host=${server.host} port=${server.port} user=${server.superuser} password=${server.password} dbname=${source.name}`;
    await client.query(
      `create subscription feed connection '${connection}' publication out with (create_slot = false, slot_name = 'feed', enabled = false)`,
    );
    try {
      expect(await codes(client)).toEqual(['replica-uncaptured']);
      expect(await listFedTables(client, ['public.t'])).toEqual(new Map([['public.t', 'feed']]));
      await refreshCapture(client, 'shop', on);
      expect(await codes(client)).toEqual([]);
      await client.query('alter subscription feed enable');
      await until('the copy is captured', async () => (await eventsOf(client)).length === 1);
      await source.superuser(async (other) => {
        await other.query(
          `insert into t values (2, 'b'); update t set note = 'c' where id = 2; update t set id = 3 where id = 2`,
        );
        await other.query('delete from t where id = 1; truncate t');
      });
      const expected = [
        'INSERT 1,copied,',
        'INSERT 2,b,',
        'UPDATE 2,c,',
        'DELETE 2,c,',
        'INSERT 3,c,',
        'DELETE 1,copied,',
        'TRUNCATE',
      ];
      await until('all is captured', async () => (await eventsOf(client)).length >= expected.length);
      expect(await eventsOf(client)).toEqual(expected);
    } finally {
      await client.query('alter subscription feed disable; alter subscription feed set (slot_name = none)');
      await client.query('drop subscription feed');
      await until('the slot is free', async () => {
        const slots = await client.query<{ active: boolean }>('select active from pg_replication_slots');
        return slots.every(({ active }) => !active);
      });
      await client.query(`select pg_drop_replication_slot('feed')`);
    }
  });
});
