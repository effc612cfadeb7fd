/** How the rows of slices arrive on a subscriber: as rows, or as events. */
import { mustBeEvents } from '../../lib/replay/extract.ts';
import { replaySlice } from '../../lib/replay/replay-batch.ts';
import type { Replay, ReplayStep, SliceResult } from '../../lib/replay/replay-work.ts';
import { tickNow } from './follow.ts';
import { replayByHand } from './replay-by-hand.ts';
import type { InstalledPair } from './unit-context.ts';

/** Sends rows as rows, however few they are. */
export const asRows = (pair: InstalledPair) =>
  pair.old.superuser((client) => client.query(`alter database ${pair.old.name} set pgtide.as_rows = 1`));

/** How a slice arrived: tables whose rows came as rows, with their operations or `in place`, and tables whose rows came as events. */
export interface Arrival {
  rows: Record<string, string>;
  events: string[];
}

/** Does something between two steps, the first time that replay is there. */
export function onceAt(
  step: ReplayStep,
  work: () => Promise<unknown>,
): (now: ReplayStep) => Promise<unknown> {
  let done = false;
  return async (now) => {
    if (now !== step || done) return;
    done = true;
    await work();
  };
}

/** Replays the next batch, and returns how each of its slices arrived. A slice that is tried again counts twice. */
export async function arrivals(
  pair: InstalledPair,
  { between, ...settings }: Partial<Replay> & { between?: (step: ReplayStep) => Promise<unknown> } = {},
): Promise<Arrival[]> {
  await tickNow(pair);
  const slices: Arrival[] = [];
  await pair.old.client((provider) =>
    pair.new.client(async (subscriber) => {
      const at = async (step: ReplayStep) => {
        if (step === 'events.staged') {
          const row = await subscriber.first<{ rows: Record<string, string> | null; events: string[] }>(
            `select (select jsonb_object_agg(k.table_name, k.ops) from (
                       select table_name, case when bool_or(stage is null) then 'in place' else string_agg(op::text, '' order by op) end as ops from pg_temp.pgtide_typed where events > 0 group by 1) k) as rows,
                    array(select distinct ev_extra1 from pg_temp.pgtide_stage where ev_type like '{%' order by 1) as events`,
          );
          slices.push({ rows: row?.rows ?? {}, events: row?.events ?? [] });
        }
        await between?.(step);
      };
      const work = replayByHand(provider, subscriber, { ...settings, at });
      const next = (): Promise<SliceResult> =>
        replaySlice(work).catch((error: unknown) => {
          if (work.asEvents || !mustBeEvents(error)) throw error;
          work.asEvents = true;
          return next();
        });
      while ((await next()).kind === 'applied');
    }),
  );
  return slices.filter(({ rows, events }) => Object.keys(rows).length + events.length > 0);
}
