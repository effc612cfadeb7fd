import type { Client } from '../db/client.ts';
import { getPosition } from '../node/position.ts';
import { RUNS_ALONE } from '../node/runs-alone.ts';
import type { Problem } from './found-problem.ts';
import { unhandledProblems } from './unhandled-events.ts';

/** Reports problems of replay that the leaf itself stores: paused, in error, inside a batch; and whether it may use replica mode. */
export async function replayProblems(client: Client, queue: string, worker: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const position = await getPosition(client, queue, worker);
  if (position?.paused)
    problems.push({
      code: 'replay-paused',
      message: `replay of ${queue} on ${client.node} is paused`,
      remedy: `select * from pgq_node.set_consumer_paused('${queue}', '${worker}', false)`,
    });
  const unhandled = await unhandledProblems(client, queue);
  problems.push(...unhandled);
  if (position?.error && !unhandled.some(({ code }) => code === 'event-stopped'))
    problems.push({
      code: 'replay-error',
      message: `replay of ${queue} on ${client.node}: ${position.error}`,
      remedy: 'fix the cause; the next run tries again',
    });
  problems.push(...(await timeoutProblems(client, queue, worker)));
  const slice = await client.first<{ tick: bigint; event: bigint }>(
    `select slice_tick as tick, slice_ev_id as event from pgtide.replay_state
      where queue_name = $1 and consumer_name = $2 and slice_tick is not null`,
    [queue, worker],
  );
  if (slice)
    problems.push({
      code: 'batch-in-slices',
      message: `${client.node} shows a part of the batch up to tick ${slice.tick}: a large batch is applied in slices (now at event id ${slice.event})`,
      remedy: 'nothing; replay goes on with it',
    });
  if (!(await mayUseReplicaRole(client)))
    problems.push({
      code: 'no-replica-role',
      message: `${client.node}: the role may not set session_replication_role; triggers and foreign keys are switched off in another way while rows are applied`,
      remedy:
        'nothing; or, from PostgreSQL 15 on: grant set on parameter session_replication_role to the role',
    });
  return problems;
}

/** Reports work that took longer than a run lasts, until a slice is applied. Then the problem is solved, even if a limit remains. */
async function timeoutProblems(client: Client, queue: string, worker: string): Promise<Problem[]> {
  const attempt = await client.first<{ events: bigint; alone: number; note: string }>(
    `select attempt_events as events, attempts_alone as alone, attempt_note as note from pgtide.replay_state
      where queue_name = $1 and consumer_name = $2 and attempt_note is not null`,
    [queue, worker],
  );
  if (!attempt) return [];
  const left = RUNS_ALONE - attempt.alone;
  const next =
    attempt.events === 0n
      ? 'the next run gives the event up and sets its table aside'
      : attempt.events === 1n
        ? `the next run takes one event alone; if that takes all of ${left === 1 ? 'one more run' : `${left} more runs`}, its table is set aside`
        : `the next run takes at most ${attempt.events} events`;
  return [
    {
      code: 'replay-timeout',
      message: `replay of ${queue} on ${client.node} ran out of time: ${attempt.note}`,
      remedy: `see who holds locks there, or give the function more time; otherwise nothing: ${next}`,
    },
  ];
}

/** Uses the rule of pgtide.begin_apply. If only an attempt could decide, and none was made yet, the result is true. */
async function mayUseReplicaRole(client: Client): Promise<boolean> {
  const row = await client.first<{ may: boolean }>(
    `select current_setting('session_replication_role') = 'replica' or coalesce(pgtide.may_use_replica(), true) as may`,
  );
  return row?.may ?? false;
}
