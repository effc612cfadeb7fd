/** Objects that only the subscriber's tables have: they do not disturb replay, or their table alone waits. */
import { describe, expect, it } from 'vitest';
import { removeTable } from '../../lib/units/remove-table.ts';
import { status } from '../../lib/units/status.ts';
import { modes } from '../property/replica-pair.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';

describe.each(modes)('%s', (_, make) => {
  it('rules do not fire for replicated rows, and are enabled again when their table leaves', async () => {
    const pair = await make();
    await pair.both('create table t (id int primary key, v text); create table k (id int, v text)');
    const write = (sql: string) => pair.old.client((client) => client.query(sql));
    await pair.new.client((client) =>
      client.query(`create table log (x text);
        create rule nothing as on insert to t do instead nothing; create rule also as on update to t do also insert into log values (new.v);
        create rule nothing as on delete to k do instead nothing; create rule off as on insert to k do instead nothing; alter table k disable rule off`),
    );
    const rules = () =>
      pair.new.client((client) =>
        client.query(
          `select ev_class::regclass::text as "table", rulename::text as rule, ev_enabled::text as enabled from pg_rewrite
            where ev_class in ('t'::regclass, 'k'::regclass) order by 1, 2`,
        ),
      );
    const before = await rules();
    await write(`insert into t values (1, 'a'); insert into k values (1, 'a')`);
    await addTables(pair, ['t', 'k']);
    await followUntilSynced(pair);
    await write(`insert into t values (2, 'b'), (3, 'c'); update t set v = 'd' where id < 3; update t set id = 4 where id = 3;
      insert into k values (2, 'b'); delete from k where id = 1`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t', 'k']);
    expect(await pair.new.client((client) => client.query('select * from log'))).toEqual([]);
    await removeTable(pair.shop.context('old'), { tables: ['t', 'k'], all: false, now: false });
    await replayAll(pair);
    expect(await rules()).toEqual(before);
  });

  it('a row too large for an index, and a trigger that refuses it, set their tables aside, and no others', async () => {
    const pair = await make();
    const names = ['indexed', 'guarded', 'plain'];
    await pair.both(names.map((name) => `create table ${name} (id int primary key, v text);`).join(''));
    const write = (sql: string) => pair.old.client((client) => client.query(sql));
    await addTables(pair, names);
    await followUntilSynced(pair);
    await pair.new.client((client) =>
      client.query(`create index own on indexed (v);
        create function refuse(text) returns bool language plpgsql as $$ begin raise exception 'not %', $1; end $$;
        alter table guarded add check (refuse(v))`),
    );
    await write(`insert into indexed select 1, string_agg(md5(i::text), '') from generate_series(1, 300) i;
      insert into guarded values (1, 'this'); insert into plain values (1, 'x')`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['plain']);
    const errors = await pair.new.client((client) =>
      client.query<{ name: string; error: string }>(
        'select table_name as name, error from pgtide.table_state where error is not null order by 1',
      ),
    );
    expect(errors).toMatchObject([
      {
        name: 'public.guarded',
        error: expect.stringMatching(/^P0001 raise_exception: function public\.refuse, event \d+$/),
      },
      { name: 'public.indexed', error: expect.stringMatching(/^54000 program_limit_exceeded: .*event \d+$/) },
    ]);
  });

  it('an unforeseen error stops replay, and status reports it until replay goes on', async () => {
    const pair = await make();
    await pair.both('create table t (id int primary key, v text)');
    await addTables(pair, ['t']);
    await followUntilSynced(pair);
    await pair.new.client((client) =>
      client.query(`create function broken(text) returns bool language plpgsql as $$ begin raise 'no such block' using errcode = 'XX001'; end $$;
        alter table t add constraint broken check (broken(v))`),
    );
    await pair.old.client((client) => client.query(`insert into t values (1, 'a')`));
    await expect(replayAll(pair)).rejects.toThrow('XX001 data_corrupted: function public.broken');
    const codes = async () =>
      (await status(pair.shop.context('old'), {})).result.queues[0]?.nodes[1]?.problems.map(
        ({ code }) => code,
      );
    expect(await codes()).toContain('replay-error');
    await pair.new.client((client) => client.query('alter table t drop constraint broken'));
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t']);
    expect(await codes()).not.toContain('replay-error');
  });
});
