import { z } from 'zod';
import { PgtideError } from '../errors.ts';
import type { OnDemandUnit } from '../units/context.ts';
import type { UnitName } from '../units/registry.ts';
import type { Environment } from './environment.ts';
import { type Pair, selectPairs } from './pairs.ts';
import { type ShownError, shownError } from './run-report.ts';
import { runUnit } from './run-unit.ts';
import { type Invocation, RunsFailed, stack } from './stack.ts';

/** Lambda's longest. */
const MOST_MS = 900_000;

export interface OnDemandSpec<Input extends z.ZodObject, Result> {
  name: UnitName;
  unit: OnDemandUnit<z.output<Input>, Result>;
  input: Input;
  environment?: Environment;
}

export type OnDemandResponse<Result> =
  | { outcome: string; result: Result | undefined }
  | { outcome: 'error'; error: ShownError };

/**
 * A function that somebody calls: takes `{queue, …input}` as JSON and returns `{outcome, result}`, or
 * `{outcome: "error", error: {kind, message, remedy}}`. Bad input is refused before anything is opened. `queue` may be
 * left out where the configuration has only one.
 */
export function onDemandHandler<Input extends z.ZodObject, Result>(spec: OnDemandSpec<Input, Result>) {
  const { name, environment } = spec;
  return stack({
    unit: name,
    event: spec.input.extend({ queue: z.string().optional() }),
    mostMs: MOST_MS,
    ...(environment ? { environment } : {}),
    work: async (event, invocation): Promise<OnDemandResponse<Result>> => {
      const { queue, ...input } = event as { queue?: string };
      const call = { queue: queue ?? onlyQueue(invocation.config.queues), input: input as z.output<Input> };
      return callUnit(spec, invocation, call);
    },
    failed: (error): OnDemandResponse<Result> => ({ outcome: 'error', error: shownError(error) }),
  });
}

function onlyQueue(queues: object): string {
  const [first, ...others] = Object.keys(queues);
  if (first !== undefined && others.length === 0) return first;
  throw new PgtideError('input', 'the event names no queue', {
    remedy: `add "queue"; configured are: ${Object.keys(queues).join(', ') || 'none'}`,
  });
}

interface Call<Input> {
  queue: string;
  input: Input;
}

async function callUnit<Input extends z.ZodObject, Result>(
  { name, unit }: OnDemandSpec<Input, Result>,
  { environment, config, owner, remainingMs }: Invocation,
  { queue, input }: Call<z.output<Input>>,
): Promise<OnDemandResponse<Result>> {
  const { clock, log, secrets } = environment;
  const { node } = onlyPair(selectPairs(config, name, { queue }));
  const report = await runUnit<Result>({
    unitName: name,
    unit: (context) => unit(context, input),
    config,
    queue,
    node,
    leaseStore: null,
    owner,
    secrets,
    budgetMs: remainingMs(),
    clock,
    log,
  });
  if (report.error)
    throw new RunsFailed(report.error.kind, report.error.message, { remedy: report.error.remedy });
  return { outcome: report.outcome?.kind ?? 'done', result: asJson(report.result) };
}

/** Units on demand are called once, for the queue's root. */
function onlyPair(pairs: Pair[]): Pair {
  const [first] = pairs;
  if (first) return first;
  throw new PgtideError('internal', 'the unit has no node');
}

/** As JSON carries it: ids, which are bigint, as numbers, or as text where a number would lose digits. */
function asJson<Result>(result: Result | undefined): Result | undefined {
  if (result === undefined) return undefined;
  const text = JSON.stringify(result, (_key, value: unknown) => {
    if (typeof value !== 'bigint') return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  });
  return JSON.parse(text) as Result;
}
