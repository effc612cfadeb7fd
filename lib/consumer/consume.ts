import type { Client } from '../db/client.ts';
import { isNotFound } from '../node/yet-to-be-made.ts';
import type { Outcome } from '../outcome.ts';
import { type Batch, nextBatch } from '../pgq/batch.ts';
import { readSlices } from '../pgq/event.ts';
import { hasProgress } from '../pgq/progress.ts';
import { hasQueues } from '../pgq/queue.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { installFirst } from '../units/waiting-for-install.ts';
import { atLeastOnce } from './at-least-once.ts';
import type { Delivery, Run, Work } from './delivery.ts';
import { exactlyOnce } from './exactly-once.ts';
import { type Judged, judgeGroup, judgeOneByOne, MIN_REMAINING_MS, type Stop } from './judge.ts';

export interface Consumption {
  register: boolean;
  maxEvents: number;
  maxBytes: number;
  /** The destination's node; null if the consumer is at least once. */
  into: string | null;
  run(source: Client): Run;
}

/**
 * Registers the consumer if it is not registered, and settles batches until none is left or the budget is spent. Waits if
 * pgtide's functions are not installed yet.
 */
export async function consume(context: UnitContext, consumption: Consumption): Promise<Outcome> {
  try {
    return await consumeConnected(context, consumption);
  } catch (error) {
    const looksInstalled = () => context.connect(context.node, hasQueues).catch(() => true);
    if (!isNotFound(error) || (await looksInstalled())) throw error;
    const why = `${context.node} does not have the schema pgq yet`;
    return installFirst(`${why}; call the function install, or run: pgtide queue install`);
  }
}

function consumeConnected(context: UnitContext, consumption: Consumption): Promise<Outcome> {
  return context.connect(context.node, async (source) => {
    const run = consumption.run(source);
    if (consumption.into === null) {
      const tracked = await hasProgress(source);
      return settleBatches(context, consumption, run, atLeastOnce(run, tracked));
    }
    return context.connect(consumption.into, async (destination) =>
      settleBatches(context, consumption, run, await exactlyOnce(run, destination)),
    );
  });
}

async function settleBatches(
  context: UnitContext,
  consumption: Consumption,
  run: Run,
  delivery: Delivery,
): Promise<Outcome> {
  await delivery.register(consumption.register);
  const next = () => nextBatch(run.source, run.queue, run.consumer, consumption.maxEvents);
  const first = await next();
  if (!first) return { kind: 'idle' };
  return context.connect(context.node, async (reader) => {
    for (let batch: Batch | undefined = first; batch; batch = await next()) {
      if (!context.budget.allows(MIN_REMAINING_MS)) return { kind: 'out-of-budget' };
      context.gauge('behindSeconds', batch.behindSeconds);
      const stop = await settleBatch({ consumption, run, delivery, reader }, batch);
      if (stop) return outcomeOf(stop);
      context.count('batches', 1);
    }
    return { kind: 'applied' };
  });
}

interface Settling {
  consumption: Consumption;
  run: Run;
  delivery: Delivery;
  reader: Client;
}

async function settleBatch(settling: Settling, batch: Batch): Promise<Stop | undefined> {
  const { consumption, run, delivery, reader } = settling;
  const start = await delivery.start(batch);
  if (start.kind === 'settled') return undefined;
  let { after, died } = start;
  const limits = {
    after,
    maxEvents: consumption.maxEvents,
    maxBytes: consumption.maxBytes,
    patienceMs: run.budget.remainingMs() + 10_000,
  };
  for await (const { events, last } of readSlices(reader, batch.id, limits)) {
    const works = died ? oneEventEach(batch, events, last) : [{ batch, events, last }];
    for (const work of works) {
      const stop = await settleWork(settling, work, { after, careful: died, trying: start.trying });
      if (stop) return stop;
      after = work.events.at(-1)?.id ?? after;
    }
    died = false;
  }
  return undefined;
}

function oneEventEach(batch: Batch, events: Work['events'], last: boolean): Work[] {
  if (events.length === 0) return [{ batch, events, last }];
  return events.map((event, index) => ({
    batch,
    events: [event],
    last: last && index === events.length - 1,
  }));
}

interface Place {
  after: bigint;
  careful: boolean;
  /** The event that a careful run was trying when it died. */
  trying: bigint;
}

async function settleWork(
  { run, delivery }: Settling,
  work: Work,
  { after, careful, trying }: Place,
): Promise<Stop | undefined> {
  const [event] = work.events;
  const fatal = careful && event !== undefined && event.id === trying;
  if (event && !fatal) await delivery.begin(work.batch, after, careful ? event.id : 0n);
  const judged = await delivery
    .settle(work, async (attempt): Promise<Judged> => {
      if (fatal)
        return { settled: 1, failed: [{ id: trying, reason: 'the function died while it was handled' }] };
      const trial = { budget: run.budget, attempt, careful };
      return run.oneByOne ? judgeOneByOne(work.events, trial) : judgeGroup(work.events, trial);
    })
    .catch(async (error: unknown) => {
      await delivery.pause().catch(() => undefined);
      throw error;
    });
  for (const { id, reason } of judged.failed) run.failed(id, reason);
  if (judged.stop && judged.stop.kind !== 'cut-off') await delivery.pause();
  return judged.stop;
}

function outcomeOf(stop: Stop): Outcome {
  if (stop.kind === 'error') throw stop.error;
  if (stop.kind === 'not-now') return { kind: 'waiting-for', what: stop.why };
  return { kind: 'out-of-budget' };
}
