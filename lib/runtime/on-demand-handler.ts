import { z } from 'zod';
import { PgtideError } from '../errors.ts';
import { placesOf } from '../topology/tree.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';
import type { UnitName } from '../unit-context/registry.ts';
import type { Environment } from './environment.ts';
import { type Pair, selectPairs } from './pairs.ts';
import { runUnit } from './run-unit.ts';
import { MIN_CONNECT_MS, shareOf } from './serve-pairs.ts';
import { type Invocation, RunsFailed, stack } from './stack.ts';

/** The longest timeout that Lambda allows. */
const MAX_MS = 900_000;

export interface OnDemandSpec<Input extends z.ZodObject, Result> {
  name: UnitName;
  unit: OnDemandUnit<z.output<Input>, Result>;
  input: Input;
  /** Allows an event without `queue`: the unit then runs for each queue, and the results are merged into one. */
  merge?: (results: Result[]) => Result;
  environment?: Environment;
}

export interface OnDemandResponse<Result> {
  outcome: string;
  result: Result;
}

/**
 * A function that is called on demand. It takes `{queue, …input}` as JSON and returns `{outcome, result}`. Any error
 * fails the invocation: no later run retries it, and the caller must not take it for success. Lambda does not retry
 * such a call (serverless.yml). Bad input is refused before anything is opened. `queue` may be omitted if the
 * configuration has only one queue, or if the unit's results can be merged.
 */
export function onDemandHandler<Input extends z.ZodObject, Result>(spec: OnDemandSpec<Input, Result>) {
  const { name, environment } = spec;
  return stack({
    unit: name,
    event: spec.input.extend({ queue: z.string().optional() }),
    mostMs: MAX_MS,
    ...(environment ? { environment } : {}),
    work: async (event, invocation) => {
      const { queue, ...input } = event as { queue?: string };
      const queues = queue === undefined ? defaultQueues(spec, invocation) : [queue];
      const answers = await callForEach(spec, invocation, { queues, input: input as z.output<Input> });
      return answerOf(spec, answers);
    },
    failed: (error): OnDemandResponse<Result> => {
      throw error;
    },
  });
}

function defaultQueues(spec: { merge?: unknown }, { config }: Invocation): string[] {
  const all = Object.keys(config.queues);
  if (all.length === 1 || (all.length > 0 && spec.merge)) return all;
  throw new PgtideError('input', 'the event names no queue', {
    remedy: `add "queue"; configured are: ${all.join(', ') || 'none'}`,
  });
}

function answerOf<Result>(
  { merge }: { merge?: (results: Result[]) => Result },
  answers: OnDemandResponse<Result>[],
): OnDemandResponse<Result> {
  const [first] = answers;
  if (!first) throw new PgtideError('internal', 'the unit was called for no queue');
  if (!merge || answers.length === 1) return first;
  return { outcome: first.outcome, result: merge(answers.map(({ result }) => result)) };
}

interface Call<Input> {
  queue: string;
  input: Input;
  /** The number of queues that follow this one. */
  waiting: number;
}

/** Limits a call so that no queue uses the time of the others, even if servers do not answer. */
function limitsOf({ queue, waiting }: Call<unknown>, { config, remainingMs }: Invocation) {
  if (waiting === 0) return { budgetMs: remainingMs() };
  const share = shareOf(remainingMs(), waiting);
  const nodes = placesOf(config, queue).length;
  return { ...share, connectMs: Math.max(MIN_CONNECT_MS, share.connectMs / nodes) };
}

/**
 * Calls the unit for each queue. With several queues, the units only read. A unit that used up its share is called
 * again with the time that the others have left: a node that it did not reach looks like a node that does not answer.
 */
async function callForEach<Input extends z.ZodObject, Result>(
  spec: OnDemandSpec<Input, Result>,
  invocation: Invocation,
  { queues, input }: { queues: string[]; input: z.output<Input> },
): Promise<OnDemandResponse<Result>[]> {
  const answers = new Map<string, OnDemandResponse<Result>>();
  const late: { queue: string; budgetMs: number }[] = [];
  for (const [nr, queue] of queues.entries()) {
    const call = { queue, input, waiting: queues.length - nr - 1 };
    const { budgetMs } = limitsOf(call, invocation);
    const leftMs = invocation.remainingMs();
    answers.set(queue, await callUnit(spec, invocation, call));
    if (leftMs - invocation.remainingMs() >= budgetMs) late.push({ queue, budgetMs });
  }
  for (const [nr, { queue, budgetMs }] of late.entries()) {
    const call = { queue, input, waiting: late.length - nr - 1 };
    if (limitsOf(call, invocation).budgetMs > budgetMs)
      answers.set(queue, await callUnit(spec, invocation, call));
  }
  return queues.flatMap((queue) => answers.get(queue) ?? []);
}

async function callUnit<Input extends z.ZodObject, Result>(
  { name, unit }: OnDemandSpec<Input, Result>,
  invocation: Invocation,
  call: Call<z.output<Input>>,
): Promise<OnDemandResponse<Result>> {
  const { environment, config, owner } = invocation;
  const { queue, input } = call;
  const { clock, log, secrets } = environment;
  const { node } = onlyPair(selectPairs(config, name, { queue }));
  const report = await runUnit<Result>({
    unitName: name,
    unit: (context) => unit(context, input),
    config,
    queue,
    node,
    // The unit takes no lease, but wakes units that rest.
    leaseStore: environment.leaseStore(config),
    owner,
    secrets,
    ...limitsOf(call, invocation),
    clock,
    log,
  });
  if (report.error)
    throw new RunsFailed(report.error.kind, report.error.message, { remedy: report.error.remedy });
  return { outcome: report.outcome?.kind ?? 'done', result: asJson(report.result as Result) };
}

/** An on-demand unit is called once, for the root of the queue. */
function onlyPair(pairs: Pair[]): Pair {
  const [first] = pairs;
  if (first) return first;
  throw new PgtideError('internal', 'the unit has no node');
}

/**
 * Converts a result to its JSON form. An id, which is a bigint, becomes a number, or text if a number would lose
 * digits.
 */
function asJson<Result>(result: Result): Result {
  const text = JSON.stringify(result, (_key, value: unknown) => {
    if (typeof value !== 'bigint') return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  });
  return JSON.parse(text) as Result;
}
