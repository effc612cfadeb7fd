/** C6: a slice that would take longer than the run has is tried again smaller, and so gets done in the end. */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { replay } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

it('gets slow rows done in smaller slices', async () => {
  const pair = await installedPair();
  await pair.both('create table slow (id int primary key, n int)');
  await addTables(pair, ['slow']);
  await followUntilSynced(pair);
  await pair.new.client((client) =>
    client.query(`
      create function public.take_time(n int) returns bool language sql as 'select pg_sleep(0.01) is not null';
      alter table slow add check (public.take_time(n))`),
  );
  await pair.old.client((client) =>
    client.query('insert into slow select i, i from generate_series(1, 600) i'),
  );
  await tickNow(pair);
  const context = pair.shop.context('new', { budget: new Budget(systemClock, 10_000) });
  await replay(context);
  expect(pair.shop.counts.get('timeouts')).toBeGreaterThan(0);
  expect(pair.shop.counts.get('slices')).toBeGreaterThan(0);
  await replay(pair.shop.context('new'));
  await expectEqual(pair.old, pair.new, ['slow']);
});
