/** A wrong clock is a problem that status names, and delays nothing: ticks and replay go on. */
import { beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { StatusResult } from '../../lib/status/shape.ts';
import { replay } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { tick } from '../../lib/units/tick.ts';
import { addTables, followUntilSynced } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

let shop: InstalledPair;
beforeAll(async () => {
  shop = await installedPair({ provider: 13, subscriber: 17 });
  await shop.both('create table item (id int primary key)');
  await addTables(shop, ['item']);
  await followUntilSynced(shop);
});

const onOld = (sql: string) => shop.old.client((client) => client.query(sql));

/** The root's clock goes back by an hour, so what it has stored lies in the future. Its leaf recognizes ticks by their times. */
async function setBack(): Promise<void> {
  await onOld(`update pgq.tick set tick_time = tick_time + interval '1 hour';
    update pgq.queue set queue_switch_time = queue_switch_time + interval '1 hour'`);
  await shop.new.client((client) =>
    client.query(`update pgtide.replay_state set tick_time = tick_time + interval '1 hour'`),
  );
}

async function readStatus(clockAhead = 0): Promise<StatusResult> {
  const clock = { now: () => systemClock.now() + clockAhead };
  const { result } = await status(shop.shop.context('old', { clock }), {});
  return result;
}

const problemsOf = (result: StatusResult, code: string) =>
  result.queues
    .flatMap(({ nodes }) => nodes)
    .flatMap(({ problems }) => problems.filter((one) => one.code === code));

it("a root's clock that was set back by an hour is reported, until the next tick, which comes at once", async () => {
  await setBack();
  const before = await readStatus();
  expect(before.healthy).toBe(false);
  expect(problemsOf(before, 'clock-set-back')[0]?.message).toMatch(
    /lies 3[56]\d\d s in the future: the clock of old/,
  );
  expect(before.queues[0]?.ticker.lagSeconds, 'no age below 0').toBe(0);

  await onOld('insert into item values (1)');
  expect((await tick(shop.shop.context('old'))).kind).toBe('applied');
  expect(shop.shop.gauges.get('tickerLagSeconds')).toBeGreaterThanOrEqual(0);
  expect((await replay(shop.shop.context('new'))).kind).toBe('applied');
  expect(shop.shop.gauges.get('lagSeconds')).toBeGreaterThanOrEqual(0);
  const after = await readStatus();
  expect(problemsOf(after, 'clock-set-back')).toEqual([]);
  expect(after.healthy).toBe(true);
});

it('replay that stopped after that is stale by the present clock', async () => {
  await onOld('insert into item values (2)');
  await setBack();
  await tick(shop.shop.context('old'));
  await onOld(`update pgq.tick set tick_time = now() - interval '20 minutes' where tick_time <= now()`);
  expect(problemsOf(await readStatus(), 'replay-stale')).toHaveLength(1);
  await tick(shop.shop.context('old'));
  await replay(shop.shop.context('new'));
  expect(problemsOf(await readStatus(), 'replay-stale')).toHaveLength(0);
});

it.each([
  [86_400_000, /that of this machine is 86\d\d\d s ahead of that of old/],
  [-3_600_000, /that of this machine is 3[56]\d\d s behind that of old/],
])('a clock of this machine that is wrong by %i ms is reported', async (ahead, message) => {
  const found = await readStatus(ahead);
  expect(found.healthy).toBe(false);
  expect(problemsOf(found, 'clocks-differ').map((one) => one.message)).toEqual([
    expect.stringMatching(message),
  ]);
});

it('clocks that differ by less than a minute are no problem', async () => {
  expect(problemsOf(await readStatus(50_000), 'clocks-differ')).toEqual([]);
});
