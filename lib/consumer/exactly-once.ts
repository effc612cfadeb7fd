/**
 * Exactly once: the handler's writes and the record of them are committed in one transaction of the destination. The batch is
 * finished on the queue later. The protocol for a batch (previous tick, tick], where P is the position that the destination stores:
 *
 * 1. P = previous tick, or there is no P yet: on track. P = tick: settled, go to 4. Any other P: lost.
 * 2. One transaction of the destination for each slice: take the lock of this consumer, check that the place has not
 *    moved since, handle each event under a savepoint, store the ids of the events that failed, and move the place: to the
 *    slice's last event, or, with the last slice, P to the tick.
 * 3. (A run may die here, or in 2, or lose the response to COMMIT: the next run detects it at 1.)
 * 4. One transaction of the queue's database: schedule the failed events for a retry, and finish the batch.
 *
 * No event is lost: a failed event is scheduled for a retry in the transaction that finishes its batch. No event is handled twice:
 * a failed event was rolled back to its savepoint, and is delivered again in a later batch, to which 1 applies. Two concurrent runs
 * wait for each other at the lock, and the later run finds at 2 that it was overtaken.
 */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { Batch } from '../pgq/batch.ts';
import * as progress from '../pgq/progress.ts';
import { scheduleRetry } from '../pgq/retry.ts';
import { registerConsumer, registerConsumerAt } from '../pgq/subscription.ts';
import { notRegistered, progressName, requireRegistered, startAt } from './at-least-once.ts';
import {
  type Attempt,
  type Delivery,
  finish,
  isWhole,
  lastSettled,
  type Run,
  type Work,
} from './delivery.ts';
import { type Judged, MIN_REMAINING_MS, RESERVE_MS, TransactionEnded, withinTime } from './judge.ts';
import type { Destination } from './spec.ts';

export async function exactlyOnce(run: Run, destination: Client): Promise<Delivery> {
  if (!(await progress.hasProgress(destination)))
    throw new PgtideError('state', `${destination.node}: schema pgq_ext is not there, or not for this user`, {
      remedy: 'install pgtide there (pgtide queue install), or grant what is missing',
    });
  const name = progressName(run);
  const tell = async (batch: Batch) => {
    const noted = await progress.notedFailed(destination, name, batch.id);
    const failed = noted.map((id) => ({ id, reason: 'its handler failed' }));
    const put = await run.source.transaction({}, async () => {
      const moved = await scheduleRetry(run.source, batch.id, failed, run.rule);
      await finish(run, batch);
      return moved;
    });
    run.settled(0, put);
  };
  return {
    register: (wanted) => register(run, destination, wanted),
    async start(batch) {
      const position = await progress.settledTick(destination, name);
      if (position === batch.tick) {
        await tell(batch);
        return { kind: 'settled' };
      }
      if (position !== null && position !== batch.previousTick) throw lost(run, destination, batch, position);
      return startAt(await progress.readProgress(destination, name, batch.id));
    },
    begin: (batch, after, trying) =>
      progress.writeProgress(destination, name, { batch: batch.id, done: after, begun: after, trying }),
    pause: () => progress.writeProgress(destination, name, { begun: progress.fresh.begun }),
    async settle(work, judge) {
      const judged = await inDestination(run, destination, async () => {
        await lockPlace(run, destination, work);
        const verdict = await judge(attemptIn(run, destination, work.batch));
        if (verdict.stop?.kind === 'error') throw verdict.stop.error;
        await movePlace(name, destination, work, verdict);
        return verdict;
      });
      run.settled(judged.settled, { retried: 0, dead: 0 });
      if (isWhole(work, judged)) await tell(work.batch);
      return judged;
    },
  };
}

/** Registers a consumer that is not registered (any more), at the position that the destination stores. */
async function register(run: Run, destination: Client, wanted: boolean): Promise<void> {
  const { source, queue, consumer } = run;
  if (await requireRegistered(source, run)) return;
  if (!wanted) throw notRegistered(run);
  const position = await progress.settledTick(destination, progressName(run));
  if (position === null) await registerConsumer(source, queue, consumer);
  else await registerConsumerAt(source, queue, consumer, position);
}

function lost(run: Run, destination: Client, batch: Batch, position: bigint): PgtideError {
  const { queue, consumer, source } = run;
  return new PgtideError(
    'lost-position',
    `${destination.node}: ${consumer} has settled tick ${position} of ${queue}, but ${source.node} offers what comes after ${batch.previousTick}`,
    {
      remedy: `if ${source.node} still has that tick: pgtide queue reposition ${queue} ${consumer} --at ${position}`,
    },
  );
}

/** Runs `work` in a transaction with the role's settings, not with those of pgtide: the statements are the user's. */
async function inDestination<T>(run: Run, destination: Client, work: () => Promise<T>): Promise<T> {
  const patience = Math.ceil(Math.max(MIN_REMAINING_MS, run.budget.remainingMs() - RESERVE_MS));
  await destination.script(
    `begin isolation level read committed; set local statement_timeout = ${patience};
     set local idle_in_transaction_session_timeout = ${patience + 2 * RESERVE_MS}`,
  );
  try {
    const result = await work();
    await destination.query('commit');
    return result;
  } catch (error) {
    if (destination.inTransaction) await destination.query('rollback').catch(() => undefined);
    throw error;
  }
}

function transactionEnded(destination: Client): TransactionEnded {
  return new TransactionEnded('state', `${destination.node}: the handler has ended the transaction`, {
    remedy: 'leave BEGIN, COMMIT and ROLLBACK to the consumer',
  });
}

/** Locks the consumer's place, and checks that the state on which this run relies is unchanged. */
async function lockPlace(run: Run, destination: Client, { batch, events }: Work): Promise<void> {
  const name = progressName(run);
  await destination.query(`select pg_advisory_xact_lock(hashtext('pgtide consumer'), hashtext($1))`, [name]);
  const position = await progress.settledTick(destination, name);
  const { done } = await progress.readProgress(destination, name, batch.id);
  const overtaken = position === batch.tick || (events[0] !== undefined && done >= events[0].id);
  if (!overtaken) return;
  throw new PgtideError('fenced', `${destination.node}: another run of ${run.consumer} has gone on`, {
    remedy: 'nothing was changed; the next run goes on from there',
  });
}

async function movePlace(name: string, destination: Client, work: Work, judged: Judged): Promise<void> {
  const failed = judged.failed.map(({ id }) => id);
  await progress.noteFailed(destination, name, work.batch.id, failed);
  const done = lastSettled(work, judged);
  if (isWhole(work, judged)) await progress.setSettledTick(destination, name, work.batch.tick);
  else if (done !== undefined)
    await progress.writeProgress(destination, name, { done, begun: progress.fresh.begun });
}

/** Returns a trial of a group: it runs under a savepoint, with a client that cannot be used after the trial. */
function attemptIn(run: Run, destination: Client, batch: Batch): Attempt {
  return async (group) => {
    let over = false;
    const guarded =
      <Result>(call: (text: string, values?: unknown[]) => Promise<Result>) =>
      async (text: string, values?: unknown[]): Promise<Result> => {
        if (over) throw new PgtideError('state', 'the handler that this client was given to has ended');
        return call(text, values);
      };
    const client = {
      query: guarded((text, values) => destination.query(text, values)),
      first: guarded((text, values) => destination.first(text, values)),
    } as Destination;
    await destination.query('savepoint pgtide_trial');
    try {
      await withinTime({
        ...run,
        work: (signal) => {
          signal.addEventListener('abort', () => {
            over = true;
          });
          return run.handle(group, { batch, signal, client });
        },
      });
      over = true;
      if (!destination.inTransaction) throw transactionEnded(destination);
      await destination.query('release savepoint pgtide_trial');
    } catch (error) {
      over = true;
      if (destination.inTransaction) await destination.query('rollback to savepoint pgtide_trial');
      else if (!(error instanceof PgtideError && error.kind === 'connection'))
        throw transactionEnded(destination);
      throw error;
    }
  };
}
