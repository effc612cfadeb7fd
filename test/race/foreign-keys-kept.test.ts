/**
 * Without replica mode, a foreign key has no actions on the subscriber while both of its tables are replicated. It gets
 * them back when one table leaves, and is as it was when both have left, whatever has happened meanwhile.
 */
import { expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { status, statusInput } from '../../lib/units/status.ts';
import { endsIn } from '../support/crash-hooks.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

const setUp = `
  create table parent (id int primary key, note text);
  create table child (id int primary key, parent_id int references parent on update cascade on delete set null, note text)`;

const onOld = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

const keys = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query(
      `select conname::text, pg_get_constraintdef(oid) as definition, convalidated from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace order by conname`,
    ),
  );

async function remove(pair: InstalledPair, ...tables: string[]): Promise<void> {
  await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables }));
  await replayAll(pair);
  // Copy does the part of the work that reads all rows.
  await copyWith({})(pair.shop.context('new'));
}

async function change(pair: InstalledPair): Promise<void> {
  await onOld(
    pair,
    `update parent set note = note || 'x' where id % 3 = 0; delete from parent where id % 50 = 0;
     insert into parent select max(id) + 1, 'new' from parent`,
  );
  await replayAll(pair);
}

it.each(['joins again', 'leaves while the other is copied', 'leaves, and joins while the other is copied'])(
  'when a table %s',
  async (what) => {
    const pair = await installedPair();
    await pair.both(setUp);
    const before = await keys(pair);
    await onOld(
      pair,
      `insert into parent select i, 'p' from generate_series(1, 300) i; insert into child select i, i, 'c' from generate_series(1, 300) i`,
    );
    await addTables(pair, ['parent', 'child']);
    await followUntilSynced(pair);
    await change(pair);
    expect(await keys(pair), 'without actions').not.toEqual(before);
    if (what !== 'joins again') {
      await resync(pair.shop.context('old'), resyncInput.parse({ tables: ['parent'] }));
      expect(await endsIn((at) => copyWith({ at })(pair.shop.context('new')), 'chunk.announced')).toBe(true);
    }
    await remove(pair, 'child');
    await onOld(pair, `insert into parent select max(id) + 1, 'new' from parent`);
    await replayAll(pair);
    if (what !== 'leaves while the other is copied') {
      await addTables(pair, ['child'], { skipTruncate: false, expectSync: true });
      await change(pair);
      await followUntilSynced(pair);
      await change(pair);
      await expectEqual(pair.old, pair.new, ['parent', 'child']);
      await remove(pair, 'child', 'parent');
    } else {
      await followUntilSynced(pair);
      await expectEqual(pair.old, pair.new, ['parent']);
      await remove(pair, 'parent');
    }
    expect(await keys(pair)).toEqual(before);
  },
);

it('a key that another session drops while replay waits to change it is forgotten', async () => {
  const pair = await installedPair();
  await pair.both(`${setUp}; create table other (id int primary key)`);
  await addTables(pair, ['parent', 'child', 'other']);
  await followUntilSynced(pair);
  await pair.new.client((client) =>
    client.query(
      'alter table child add constraint late foreign key (id) references parent on delete cascade',
    ),
  );
  await onOld(pair, `insert into parent values (1, 'p'); insert into other values (1)`);
  await using session = await pair.new.open();
  await session.client.query('begin; alter table child drop constraint late');
  const replayed = replayAll(pair);
  await pair.new.superuser((client) =>
    until('replay waits', () =>
      client.first(
        `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      ),
    ),
  );
  await session.client.query('commit');
  await replayed;
  await expectEqual(pair.old, pair.new, ['parent', 'other']);
});

it('keys that rows do not fit are as they were when their tables leave, and validated once they fit', async () => {
  const pair = await installedPair();
  await pair.both(`
    create table one (id int primary key, other_id int);
    create table other (id int primary key, one_id int references one on update cascade on delete cascade);
    alter table one add foreign key (other_id) references other on delete set null`);
  await onOld(
    pair,
    `insert into one select i, null from generate_series(1, 9) i; insert into other select i, i from generate_series(1, 9) i;
     update one set other_id = id`,
  );
  const before = await keys(pair);
  await addTables(pair, ['one', 'other']);
  await followUntilSynced(pair);
  await onOld(pair, 'update one set other_id = other_id');
  await replayAll(pair);
  await pair.new.superuser((client) =>
    client.query('set session_replication_role = replica; delete from public.other where id = 7'),
  );
  await remove(pair, 'one', 'other');
  const validated = async () =>
    (await keys(pair)).flatMap(({ conname, convalidated }) =>
      /^(one|other)_/.test(String(conname)) ? [`${conname} ${convalidated}`] : [],
    );
  expect((await validated()).sort()).toEqual(['one_other_id_fkey false', 'other_one_id_fkey true']);
  const { result } = await status(pair.shop.context('old'), statusInput.parse({}));
  expect(JSON.stringify(result)).toContain('one_other_id_fkey: 23503 foreign_key_violation');
  await pair.new.client((client) =>
    client.query(
      `insert into other values (7, 7); update pgtide.saved_ddl set tried_at = now() - interval '1 hour'`,
    ),
  );
  await copyWith({})(pair.shop.context('new'));
  expect(new Set(await keys(pair))).toEqual(new Set(before));
});
