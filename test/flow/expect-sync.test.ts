/** expect-sync: changes that a leaf's rows hold already are not applied to them, and every later change is. */
import { expect, test } from 'vitest';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { install } from '../../lib/units/install.ts';
import { replay } from '../../lib/units/replay.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { cascade, installedPair } from '../support/unit-context.ts';

test('a leaf that joins with a restored copy starts from there, though the queue still has older events', async () => {
  const it = await installedPair();
  await it.both('create table t (id int primary key, v text)');
  await addTable(it.shop.context('old'), addTableInput.parse({ tables: ['t'] }));
  await it.old.client((client) =>
    client.query(`insert into t values (1, 'one'), (2, 'two'); delete from t where id = 2`),
  );

  const third = await createDatabase(await postgres(17));
  await third.client((client) =>
    client.query(`create table t (id int primary key, v text); insert into t values (1, 'one')`),
  );
  const all = cascade('shop', { old: it.old, new: it.new, third });
  await install(all.context('old'), {});
  const { result } = await addTable(
    all.context('old'),
    addTableInput.parse({ tables: ['t'], expectSync: true }),
  );
  expect(result.tables).toEqual([{ name: 'public.t', state: 'new' }]);

  await it.old.client(async (client) => {
    await client.query(`insert into t values (3, 'three')`);
    await client.query(`select pgq.force_tick('shop')`);
    await client.query(`select pgq.ticker('shop')`);
  });
  expect(await replay(all.context('third'))).toEqual({ kind: 'applied' });
  expect(await third.client((client) => client.query('select * from t order by id'))).toEqual([
    { id: 1, v: 'one' },
    { id: 3, v: 'three' },
  ]);
  const stats = await third.client((client) =>
    client.query('select inserted, missing, conflicts from pgtide.table_stats'),
  );
  expect(stats).toEqual([{ inserted: 1n, missing: 0n, conflicts: 0n }]);
});
