/**
 * C6, if the provider is the slow side: the limit of the next slice is stored on the subscriber, whatever has become of the
 * subscriber's connection meanwhile. If it cannot be stored, the run says so.
 */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { PgtideError } from '../../lib/errors.ts';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const MAX_EVENTS = 50;

async function manyEvents(): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 13, subscriber: 17 }, { replay: { maxEvents: MAX_EVENTS } });
  await pair.both('create table t (id int primary key, v text)');
  await addTables(pair, ['t']);
  await followUntilSynced(pair);
  await pair.old.client((client) =>
    client.query(`insert into t select i, 'a' from generate_series(1, ${MAX_EVENTS + 10}) i`),
  );
  await tickNow(pair);
  return pair;
}

const storedLimit = (pair: InstalledPair) =>
  pair.new.client(async (client) => {
    const row = await client.first<{ events: bigint | null }>(
      'select attempt_events as events from pgtide.replay_state',
    );
    return row?.events;
  });

type Late = ReturnType<typeof runsLate>;

/** A run whose time passes in one step: it has time to begin a slice, and none to try it again. */
function runsLate() {
  const clock = { time: 0, now: () => clock.time };
  return {
    overrides: { clock, budget: new Budget(clock, 6_000) },
    pass: () => {
      clock.time = 5_000;
    },
  };
}

it('a provider that takes too long over a slice is asked for a smaller one in the next run', async () => {
  const pair = await manyEvents();
  await pair.old.client((client) =>
    client.script(`
      alter function pgtide.slice_query rename to real_slice_query;
      create function pgtide.slice_query(i_batch bigint, i_after bigint, i_max_events bigint, i_max_bytes bigint, i_copies jsonb,
          i_careful bool, i_give_up bool, i_rows bool, out query text, out last_ev_id bigint, out row_tables jsonb, out events bigint) language plpgsql as $$
      begin
          perform pg_sleep(3600) where i_max_events >= ${MAX_EVENTS};
          select r.* into query, last_ev_id, row_tables, events
          from pgtide.real_slice_query(i_batch, i_after, i_max_events, i_max_bytes, i_copies, i_careful, i_give_up, i_rows) r;
      end $$`),
  );
  const late = runsLate();
  const run = replayWith({
    at: (step) => {
      if (step === 'position.checked') late.pass();
    },
  });
  const { connect, ...context } = pair.shop.context('new', late.overrides);
  const opened: string[] = [];
  const slow = run({
    ...context,
    connect: (node, work, options) => {
      opened.push(node);
      return connect(node, work, options);
    },
  });
  await expect(slow).rejects.toThrow('old: canceling statement due to statement timeout');
  expect(opened, "the subscriber's session has outlived the provider's statement").toEqual(['old', 'new']);
  expect(await storedLimit(pair)).toBe(BigInt(MAX_EVENTS / 10));
  await replay(pair.shop.context('new'));
  await expectEqual(pair.old, pair.new, ['t']);
});

/** Ends the subscriber's session in the middle of a slice, which then ends as if it took too long on the provider. */
function loseSubscriber(pair: InstalledPair, late: Late) {
  return replayWith({
    at: async (step) => {
      if (step !== 'events.staged') return;
      late.pass();
      await pair.new.superuser((client) =>
        client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'pgtide shop'`,
        ),
      );
      throw new PgtideError('busy', 'too long', {
        cause: Object.assign(new Error('too long'), { code: '57014' }),
      });
    },
  });
}

it('the limit is stored over another connection, if that of the slice is lost', async () => {
  const pair = await manyEvents();
  const late = runsLate();
  const run = loseSubscriber(pair, late)(pair.shop.context('new', late.overrides));
  await expect(run).rejects.toThrow('too long');
  expect(await storedLimit(pair)).toBe(BigInt(MAX_EVENTS / 10));
  await replay(pair.shop.context('new'));
  await expectEqual(pair.old, pair.new, ['t']);
});

it('a run that can store the limit nowhere ends with the reason', async () => {
  const pair = await manyEvents();
  const late = runsLate();
  const { connect, ...context } = pair.shop.context('new', late.overrides);
  let opened = 0;
  const run = loseSubscriber(
    pair,
    late,
  )({
    ...context,
    connect: (node, work, options) => {
      if (node === 'new' && opened++ > 0) throw new PgtideError('connection', 'new: there is no way to it');
      return connect(node, work, options);
    },
  });
  await expect(run).rejects.toThrow('new: there is no way to it');
  expect(pair.shop.counts.get('timeouts')).toBe(1);
});
