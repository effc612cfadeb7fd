import type { Replay } from './replay-work.ts';

/** Summarizes the stage for the following steps. Returns the number of events. */
export async function measureStage(replay: Replay): Promise<number> {
  const row = await replay.subscriber.first<{ events: bigint }>('select pgtide.measure_stage() as events');
  return Number(row?.events ?? 0n);
}

/** Numbers of events of tables that are not in step, by what was done with them. */
export interface Judged {
  skipped: number;
  parked: number;
  unparked: number;
}

/** Decides which events are applied now, and leaves only those in the stage: the rules are in lib/copy/merge-state.ts. */
export async function judgeStage(replay: Replay): Promise<Judged> {
  const row = await replay.subscriber.first<Judged>(
    'select skipped::int, parked::int, unparked::int from pgtide.judge_stage($1)',
    [replay.queue],
  );
  return row ?? { skipped: 0, parked: 0, unparked: 0 };
}
