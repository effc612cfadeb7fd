/** compare beside real replication: while writers go on and the leaf follows, compare reports no equal row as different. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compareWith } from '../../lib/units/compare.ts';
import { replay } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced } from '../support/follow.ts';
import { installedPair } from '../support/unit-context.ts';

test('compared during writes and replay, then with rows that were changed on the subscriber', async () => {
  const pair = await installedPair({ provider: 13, subscriber: 17 });
  await pair.both(`
    create table orders (id bigint primary key, total numeric(12,2), note text, at timestamptz);
    create table log (line text, n int);`);
  await pair.old.client((client) =>
    client.query(`
      insert into orders select i, i / 7.0, repeat('x', i % 50), now() from generate_series(1, 5000) i;
      insert into log select 'line ' || i % 10, i from generate_series(1, 200) i`),
  );
  await addTables(pair, ['orders', 'log']);
  await followUntilSynced(pair);

  const compare = async () => {
    const unit = compareWith({ drive: async () => void (await replay(pair.shop.context('new'))) });
    return (await unit(pair.shop.context('old'), {})).result;
  };
  let writing = true;
  let writes = 0;
  const writer = pair.old.client(async (client) => {
    for (; writing; writes += 1) {
      const id = (writes * 7919) % 5000;
      await client.query(`
        begin;
        update orders set total = total + 1, note = null where id between ${id} and ${id + 20};
        delete from orders where id = ${(id * 3) % 5000};
        insert into orders values (${id}, 1, 'new', now()) on conflict (id) do update set note = excluded.note;
        update orders set id = ${10_000 + writes} where id = ${(id * 5) % 5000};
        insert into log values ('new', ${writes});
        update log set line = 'changed' where n = ${writes % 200};
        delete from log where n = ${writes - 50} and line = 'new';
        commit`);
      // Leaves the servers some time for the tested work.
      await pause(5);
    }
  });
  try {
    for (let round = 0; round < 5; round += 1)
      expect(await compare()).toMatchObject({ differences: 0, notSynced: [] });
  } finally {
    writing = false;
    await writer;
  }
  expect(writes).toBeGreaterThan(10);
  expect(await compare()).toMatchObject({
    equal: true,
    tables: [{ verdict: 'equal' }, { verdict: 'equal' }],
  });

  await pair.new.superuser((client) =>
    client.query(`
      set session_replication_role = replica;
      update orders set note = 'spoilt' where id = (select min(id) from orders);
      delete from orders where id = (select max(id) from orders);
      insert into orders values (999999, 0, 'extra', null);
      delete from log where ctid = (select min(ctid) from log)`),
  );
  const spoilt = await compare();
  expect(spoilt).toMatchObject({ equal: false, differences: 4 });
  const kinds = spoilt.tables.map((table) => table.sample?.map(({ kind }) => kind).sort());
  expect(kinds).toEqual([['different', 'extra', 'missing'], ['missing']]);
});
