import type { Replay } from './replay-work.ts';

/** Sums up the stage for the steps that follow. Returns the number of events. */
export async function measureStage(replay: Replay): Promise<number> {
  const row = await replay.subscriber.first<{ events: bigint }>('select pgtide.measure_stage() as events');
  return Number(row?.events ?? 0n);
}

/** What became of the events of tables that are not simply in step. */
export interface Judged {
  skipped: number;
  parked: number;
  unparked: number;
}

/** Leaves in the stage what is to be applied: the rules are in lib/copy/merge-state.ts. */
export async function judgeStage(replay: Replay): Promise<Judged> {
  const row = await replay.subscriber.first<Judged>(
    'select skipped::int, parked::int, unparked::int from pgtide.judge_stage($1)',
    [replay.queue],
  );
  return row ?? { skipped: 0, parked: 0, unparked: 0 };
}
