/** --create, call by call: foreign keys between tables that join one after the other. */
import { expect, test } from 'vitest';
import { copy } from '../../lib/units/copy.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { add } from '../support/membership.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

const ddl = `create table parent (id int primary key, v text); create table child (id int primary key, parent int references parent on delete cascade);
  insert into parent values (1, 'a'), (2, 'b'); insert into child values (1, 1), (2, 2)`;

test('a key to a table that is followed already is created, whether or not its rows are copied', async () => {
  for (const synced of [true, false]) {
    const pair = await installedPair();
    await pair.old.client((client) => client.query(ddl));
    await add(pair, { tables: ['parent'], create: true });
    if (synced) await followUntilSynced(pair);
    const { result } = await add(pair, { tables: ['child'], create: true });
    expect(result.tables).toEqual([{ name: 'public.child', state: 'new' }]);
    await followUntilSynced(pair);
    await pair.old.client((client) =>
      client.query('delete from parent where id = 1; insert into parent values (3, null)'),
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['parent', 'child']);
    // The copy validates the key again.
    await copy(pair.shop.context('new'));
    const keys = await pair.new.client((client) =>
      client.query(
        `select conname as name, convalidated as valid from pg_constraint where contype = 'f' and conrelid = 'child'::regclass`,
      ),
    );
    expect(keys).toEqual([{ name: 'child_parent_fkey', valid: true }]);
  }
});

test('a key of a table that is followed already is named, with the statement that creates it', async () => {
  const pair = await installedPair();
  await pair.old.client((client) => client.query(ddl));
  const [child] = (await add(pair, { tables: ['child'], create: true })).result.tables;
  expect(child?.note).toBe('the foreign key child_parent_fkey was not made: public.parent does not follow');
  const [parent] = (await add(pair, { tables: ['parent'], create: true })).result.tables;
  const [, statement] =
    parent?.note?.split(
      'the foreign key child_parent_fkey of public.child was not made; once both are in step: ',
    ) ?? [];
  await followUntilSynced(pair);
  await pair.new.client((client) => client.query(statement ?? 'no statement'));
  await replayAll(pair);
});
