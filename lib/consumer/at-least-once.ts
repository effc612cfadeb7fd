/**
 * At least once: the handler's effects are not under pgtide's control, and the results of the events are committed in the queue's
 * database after the effects. If a run dies in between, the next run handles up to `maxEvents` of its events again.
 */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { getConsumerInfo } from '../pgq/consumer-info.ts';
import { fresh, type Progress, readProgress, writeProgress } from '../pgq/progress.ts';
import { scheduleRetry } from '../pgq/retry.ts';
import { registerConsumer } from '../pgq/subscription.ts';
import { type Delivery, finish, isWhole, lastSettled, type Run, type Start } from './delivery.ts';
import { withinTime } from './judge.ts';

/** Returns the name of the consumer in pgq_ext. */
export function progressName({ queue, consumer }: Pick<Run, 'queue' | 'consumer'>): string {
  return `${queue}.${consumer}`;
}

export function startAt({ done, begun, trying }: Progress): Start {
  return { kind: 'open', after: done, died: begun === done, trying };
}

export async function requireRegistered(source: Client, { queue, consumer }: Run): Promise<boolean> {
  return (await getConsumerInfo(source, queue, consumer)) !== undefined;
}

export function notRegistered({ source, queue, consumer }: Run): PgtideError {
  return new PgtideError('state', `${source.node}: ${consumer} is no consumer of the queue ${queue}`, {
    remedy: `run: pgtide queue register ${queue} ${consumer}`,
  });
}

/** `tracked`: the queue's database has pgq_ext. Without it, a batch that a run cannot finish starts again from its beginning. */
export function atLeastOnce(run: Run, tracked: boolean): Delivery {
  const { source } = run;
  const name = progressName(run);
  const note = async (change: Parameters<typeof writeProgress>[2]) => {
    if (tracked) await writeProgress(source, name, change);
  };
  return {
    async register(wanted) {
      if (await requireRegistered(source, run)) return;
      if (!wanted) throw notRegistered(run);
      await registerConsumer(source, run.queue, run.consumer);
    },
    start: async (batch) => startAt(tracked ? await readProgress(source, name, batch.id) : fresh),
    begin: (batch, after, trying) => note({ batch: batch.id, done: after, begun: after, trying }),
    pause: () => note({ begun: fresh.begun }),
    async settle(work, judge) {
      const attempt = (group: Parameters<Run['handle']>[0]) =>
        withinTime({ ...run, work: (signal) => run.handle(group, { batch: work.batch, signal }) });
      const judged = await judge(attempt);
      const done = lastSettled(work, judged);
      const put = await source.transaction({}, async () => {
        const moved = await scheduleRetry(source, work.batch.id, judged.failed, run.rule);
        if (isWhole(work, judged)) await finish(run, work.batch);
        else if (done !== undefined) await note({ done, begun: fresh.begun });
        return moved;
      });
      run.settled(judged.settled, put);
      return judged;
    },
  };
}
