/** Changes between two statements of one session that decide whose code a look of capture would run, and what it may read. */
import { describe, expect, it, test } from 'vitest';
import { createDatabase, createRole, postgres } from '../support/database.ts';
import { stateOf } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

const MALLORY = 'mallory_look_rights';
const WRITER = 'writer_look_rights';
const BOSS = 'boss_look_rights';

/** A check of a partition; its constant part is computed whenever a query on the table is planned. */
const changes = {
  'a cast of her type appears': {
    check: `('calm'::hers.mood || 'x') <> 'y'`,
    setUp: '',
    change: `create cast (hers.mood as text) with function hers.steal(hers.mood) as assignment`,
  },
  'a function is given to her': {
    check: `hers.text_of('calm') <> 'y'`,
    setUp: `create function hers.text_of(text) returns text language plpgsql immutable as $$ begin perform hers.note(); return $1; end $$;
      grant execute on function hers.text_of(text) to public`,
    change: `alter function hers.text_of(text) owner to ${MALLORY}`,
  },
  'a superuser with a function is one no more': {
    check: `hers.text_of('calm') <> 'y'`,
    setUp: `create function hers.text_of(text) returns text language plpgsql immutable as $$ begin perform hers.note(); return $1; end $$;
      alter function hers.text_of(text) owner to ${BOSS}`,
    change: `alter role ${BOSS} nosuperuser`,
  },
};

test.each(Object.entries(changes))(
  "no code of the table's owner runs as pgtide’s owner in a session that has deleted before: %s",
  async (_, { check, setUp, change }) => {
    const server = await postgres(17);
    const database = await createDatabase(server, { installed: true });
    for (const role of [MALLORY, WRITER, BOSS]) await createRole(server, role);
    const asSuperuser = (sql: string) => database.superuser((client) => client.query(sql));
    await asSuperuser(`alter role ${BOSS} superuser; create schema hers authorization ${MALLORY}; grant usage on schema hers to public;
    create type hers.mood as enum ('calm', 'wild'); alter type hers.mood owner to ${MALLORY};
    create table hers.runs (who text); grant all on hers.runs to public;
    create function hers.note() returns void language plpgsql as $$ begin insert into hers.runs values (current_user); end $$;
    create function hers.steal(hers.mood) returns text language plpgsql immutable strict as $$ begin perform hers.note(); return 'x'; end $$;
    alter function hers.steal(hers.mood) owner to ${MALLORY}; ${setUp}`);
    await database.client((owner) =>
      owner.query(`create schema ours; grant usage on schema ours to public;
      create table ours.t (id int primary key, k hers.mood) partition by range (id);
      create table ours.t_1 partition of ours.t for values from (0) to (100);
      create table ours.t_2 partition of ours.t for values from (100) to (200);
      alter table ours.t_1 add check (${check}); grant all on ours.t to ${WRITER};
      select pgq.create_queue('shop'); select pgtide.create_capture('shop', 'ours.t'::regclass, 'ours.t')`),
    );
    await using writer = await database.open(WRITER);
    const write = (sql: string) => writer.client.query(sql);
    await write(`insert into ours.t select g, 'calm' from generate_series(1, 20) g`);
    for (const ids of ['1', '2', '3', '4, 5']) await write(`delete from ours.t where id in (${ids})`);
    await asSuperuser(`${change}; truncate hers.runs`);
    await write('delete from ours.t where id = 6');
    await write('delete from ours.t where id in (7, 8)');
    await write('update ours.t set id = id + 50 where id = 9');
    const ran = await database.superuser((client) =>
      client.query('select from hers.runs where who = $1', [database.owner]),
    );
    expect(ran).toEqual([]);
    const deletes = await database.client((owner) =>
      owner.query(`select from pgtide.stored_events() where ev_type like '{"op":"DELETE"%'`),
    );
    expect(deletes).toHaveLength(9);
  },
);

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it('writes and captures tables that pgtide’s owner may no longer read, except for one partition that is truncated', async () => {
    const server = await postgres(version);
    const database = await createDatabase(server, { installed: true });
    await createRole(server, WRITER);
    const asSuperuser = (sql: string) => database.superuser((client) => client.query(sql));
    await asSuperuser(`create schema boss; create schema types; create type types.mood as enum ('calm', 'wild');
      set search_path = boss; create table t (id int primary key); create table m (id types.mood primary key);
      create table p (id int) partition by range (id); create table p_1 partition of p for values from (0) to (100);
      create table p_2 partition of p for values from (100) to (200); alter table p_1 add primary key (id); alter table p_2 add primary key (id);
      grant usage on schema boss, types to public; grant all on t, m, p, p_1, p_2 to ${WRITER};
      grant select, trigger on t, m, p, p_1, p_2 to ${database.owner}`);
    await database.client((owner) =>
      owner.query(`select pgq.create_queue('shop'), pgtide.create_capture('shop', 'boss.t'::regclass, 'boss.t'),
        pgtide.create_capture('shop', 'boss.m'::regclass, 'boss.m'), pgtide.create_capture('shop', 'boss.p'::regclass, 'boss.p')`),
    );
    await using writer = await database.open(WRITER);
    const write = async () => {
      for (const sql of [
        'insert into boss.t values (1), (2)',
        'delete from boss.t where id = 1',
        'update boss.t set id = 3',
        'delete from boss.t',
        `insert into boss.m values ('calm'), ('wild')`,
        'delete from boss.m',
        'insert into boss.p values (1), (2), (101)',
        'delete from boss.p where id = 1',
        'delete from boss.p_1',
        'delete from boss.p',
      ])
        await writer.client.query(sql);
      return database.client((owner) => owner.query('select from pgtide.stored_events()'));
    };
    const eachTime = (await write()).length;
    let times = 1;
    for (const [revoke, grant] of [
      ['usage on schema boss', 'usage on schema boss'],
      ['usage on schema types', 'usage on schema types'],
      ['select on boss.t, boss.m, boss.p, boss.p_1, boss.p_2', undefined],
    ] as const) {
      await asSuperuser(`grant usage on schema boss, types to ${WRITER};
        revoke ${revoke} from public, ${database.owner}`);
      expect(await write(), `without ${revoke}`).toHaveLength(eachTime * ++times);
      if (grant) await asSuperuser(`grant ${grant} to public`);
    }
    await writer.client.query('insert into boss.p values (1)');
    expect((await stateOf(writer.client.query('truncate boss.p_1')))?.[0]).toBe('TD004');
    await writer.client.query('truncate boss.p');
  });
});
