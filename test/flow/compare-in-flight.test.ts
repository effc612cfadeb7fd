/**
 * compare during changes: it never reports a row in flight as different, and locks out no session. A row that could not be
 * judged in time keeps the result from being a proof.
 */
import { beforeAll, expect, test } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { type ComparePair, comparePair } from '../support/compare-pair.ts';

let shop: ComparePair;

beforeAll(async () => {
  shop = await comparePair({ provider: 13, subscriber: 17 });
});

/** A budget that ends when the test decides so. */
function testTime(milliseconds: number) {
  let now = 0;
  const clock = { now: () => now };
  return {
    context: { clock, budget: new Budget(clock, milliseconds) },
    passes: (by: number) => {
      now += by;
    },
  };
}

test('a subscriber that is behind is not different once it has caught up', async () => {
  await shop.table('behind', 'id int4 primary key, t text', `select g, 'x' from generate_series(1, 1000) g`);
  const changes = `
    update behind set t = 'y' where id <= 10; delete from behind where id between 500 and 510;
    insert into behind select g, 'new' from generate_series(2000, 2100) g`;
  await shop.onProvider(changes);
  let applied = 0;
  const result = await shop.compare({
    tables: ['behind'],
    apply: async () => {
      applied += 1;
      if (applied === 1) await shop.onSubscriber(changes);
    },
  });
  expect(result).toMatchObject({ equal: true, differences: 0, tables: [{ verdict: 'equal' }] });
  expect(applied).toBe(1);
});

test('a subscriber that never catches up is in flight, which proves nothing', async () => {
  await shop.table('stuck', 'id int4 primary key, t text', `values (1, 'x')`);
  await shop.onProvider(`update stuck set t = 'y'`);
  const time = testTime(60_000);
  const result = await shop.compare({
    tables: ['stuck'],
    context: time.context,
    settings: { drive: async () => time.passes(40_000) },
  });
  expect(result).toMatchObject({
    equal: false,
    differences: 0,
    outcome: 'out-of-budget',
    tables: [{ verdict: 'in-flight', inFlight: 1 }],
  });
});

test('while a row changes all the time, it is in flight; a row beside it that is wrong is found', async () => {
  await shop.table('busy', 'id int4 primary key, n int4', 'select g, 0 from generate_series(1, 100) g');
  await shop.onSubscriber('update busy set n = -1 where id = 50');
  let n = 0;
  const time = testTime(60_000);
  const writeAndLag = async () => {
    // The subscriber gets the state before last, so it never equals what compare reads from the provider.
    n += 10;
    time.passes(10_000);
    await shop.onProvider(`update busy set n = ${n} where id = 1`);
    await shop.onSubscriber(`update busy set n = ${n - 15} where id = 1`);
  };
  await writeAndLag();
  const result = await shop.compare({ tables: ['busy'], apply: writeAndLag, context: time.context });
  expect(result.tables[0]).toMatchObject({
    differences: 1,
    inFlight: 1,
    verdict: 'different',
    sample: [{ kind: 'different', key: { id: '50' } }],
  });
});

test('writes that go on during the comparison are no differences', async () => {
  await shop.table('live', 'id int4 primary key, n int4', 'select g, 0 from generate_series(1, 20000) g');
  await shop.onSubscriber('update live set n = -1 where id = 777; delete from live where id = 778');
  const pending: string[] = [];
  let writing = true;
  let writes = 0;
  let current: Promise<void> = Promise.resolve();
  await using provider = await shop.provider.open();
  const writer = (async () => {
    for (; writing; writes += 1) {
      const id = 1000 + ((writes * 7919) % 19000);
      const change =
        writes % 3 === 0
          ? `delete from live where id = ${id}`
          : `insert into live values (${id}, ${writes}) on conflict (id) do update set n = excluded.n`;
      current = provider.client.query(change).then(() => void pending.push(change));
      await current;
    }
  })();
  const apply = async () => {
    // The tick was made before this point. The write that is under way may have been committed before the tick.
    await current;
    const some = pending.splice(0);
    if (some.length > 0) await shop.onSubscriber(some.join('; '));
  };
  try {
    const result = await shop.compare({ tables: ['live'], apply });
    expect(result.tables[0]).toMatchObject({ differences: 2, verdict: 'different' });
    expect(result.tables[0]?.sample?.map((found) => found.key?.id)).toEqual(['777', '778']);
  } finally {
    writing = false;
    await writer;
  }
  expect(writes).toBeGreaterThan(0);
});

test('no session waits for the comparison: it takes no lock beyond that of a reader', async () => {
  await shop.table('unlocked', 'id int4 primary key, n int4', 'select g, 0 from generate_series(1, 1000) g');
  await using writer = await shop.provider.open();
  await writer.client.query(
    'begin; lock table unlocked in exclusive mode; update unlocked set n = 1 where id = 1',
  );
  try {
    expect(await shop.compare({ tables: ['unlocked'] })).toMatchObject({ equal: true });
  } finally {
    await writer.client.query('rollback');
  }
});

test('more differences than are remembered are counted', async () => {
  await shop.table('many', 'id int4 primary key, t text', `select g, 'x' from generate_series(1, 3000) g`);
  await shop.onSubscriber(`delete from many where id % 2 = 0`);
  const result = await shop.compare({ tables: ['many', 'behind'], settings: { maxCandidates: 500 } });
  expect(result.tables.find(({ name }) => name === 'public.many')).toMatchObject({
    differences: 1500,
    approximate: true,
  });
  expect(result.tables.find(({ name }) => name === 'public.many')?.sample).toHaveLength(20);
});

test('so many rows on their way that they are not remembered are no differences', async () => {
  await shop.table('flood', 'id int4 primary key, t text', `select g, 'x' from generate_series(1, 3000) g`);
  await shop.onProvider(`update flood set t = 'y'`);
  const apply = () => shop.onSubscriber(`update flood set t = 'y' where t = 'x'`);
  const result = await shop.compare({ tables: ['flood'], settings: { maxCandidates: 500 }, apply });
  expect(result).toMatchObject({ equal: true, differences: 0 });
});

test('no time at all: what was not compared says so', async () => {
  expect(await shop.compare({ tables: ['behind'], budgetMs: 0 })).toMatchObject({
    equal: false,
    outcome: 'out-of-budget',
    tables: [{ verdict: 'error', error: 'not compared: the time of this run was over' }],
  });
});
