import type { Replay } from './replay.ts';

/** What lies in the stage. */
export interface StagedEvents {
  events: number;
  lastEventId: bigint | null;
  /** True when the slice ended because it was full: there may be more of the batch. */
  full: boolean;
}

export async function measureStage(replay: Replay): Promise<StagedEvents> {
  const row = await replay.subscriber.first<StagedEvents>(
    `select count(*)::int as events, max(ev_id) as "lastEventId",
            count(*) >= $1 or coalesce(max(bytes), 0) >= $2 as full
       from pg_temp.pgtide_stage`,
    [replay.maxEvents, replay.maxBytes],
  );
  return row ?? { events: 0, lastEventId: null, full: false };
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
