import { z } from 'zod';
import type { Client } from '../db/client.ts';
import type { QueueEvent } from '../pgq/event.ts';
import { shownMessage } from '../redact.ts';
import { runAlone } from '../runtime/counted-run.ts';
import { type Environment, lambdaEnvironment } from '../runtime/environment.ts';
import { withoutCause } from '../runtime/run-report.ts';
import { type Invocation, type LambdaHandler, RunsFailed, stack } from '../runtime/stack.ts';
import { nodeOfQueue } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { type Consumption, consume } from './consume.ts';
import type { Run } from './delivery.ts';
import { RESERVE_MS } from './judge.ts';
import type {
  AtLeastOnceSpec,
  ConsumerSpec,
  Destination,
  ExactlyOnceHandling,
  ExactlyOnceSpec,
  Handling,
} from './spec.ts';

/** Result of an invocation; its log line states it too. */
export interface ConsumerResponse {
  /** `applied`, `idle`, `out-of-budget`, `waiting-for`, `lease-held`, or `error` if the next run tries again. */
  outcome: string;
  /** Number of settled events: handled or failed. */
  events: number;
  /** Number of failed events: scheduled for a retry or given up. */
  failed: number;
}

const MAX_EVENTS = 500;
const MAX_BYTES = 16_000_000;
const RETRY_SECONDS = 60;
const RETRY_MAX = 5;
const MAX_SECONDS = 55;
/** Number of failures that the log line describes. */
const MAX_LOGGED_FAILURES = 5;

/**
 * Creates a handler for your own Lambda function that consumes a queue. Each invocation settles batches until none is left or its
 * time is over. After a temporary error, an invocation ends normally; after an error that needs an operator, it fails.
 *
 * Without `exactlyOnce`, an event is handled at least once. With `exactlyOnce`, the handler receives the destination's transaction,
 * in which the position is stored too.
 */
export function createConsumer(spec: AtLeastOnceSpec): LambdaHandler<ConsumerResponse>;
export function createConsumer(spec: ExactlyOnceSpec): LambdaHandler<ConsumerResponse>;
export function createConsumer(spec: ConsumerSpec): LambdaHandler<ConsumerResponse> {
  return stack({
    unit: 'consume',
    event: z.unknown(),
    mostMs: (spec.maxSeconds ?? MAX_SECONDS) * 1000,
    environment: environmentOf(spec),
    work: (_event, invocation) => runConsumer(spec, invocation),
    failed: (error): ConsumerResponse => {
      throw withoutCause(error);
    },
  });
}

function environmentOf({ environment = lambdaEnvironment(), config }: ConsumerSpec): Environment {
  return config ? { ...environment, config: () => config } : environment;
}

async function runConsumer(spec: ConsumerSpec, invocation: Invocation): Promise<ConsumerResponse> {
  const { environment, config, owner } = invocation;
  const { queue, consumer } = spec;
  const failures: { event: string; reason: string }[] = [];
  const { report, failure } = await runAlone({
    unitName: 'consume',
    unit: (context) => consume(context, consumptionOf(spec, context, failures)),
    config,
    queue,
    node: nodeOfQueue(config, queue, spec.node),
    consumer,
    leaseStore: spec.lease === false ? null : environment.leaseStore(config),
    owner,
    secrets: environment.secrets,
    budgetMs: invocation.remainingMs(),
    clock: environment.clock,
    log: (line) => environment.log(failures.length > 0 ? { ...line, failures } : line),
    // The consumer repeats within one call, on its open connections.
    repeat: false,
  });
  if (failure) throw new RunsFailed(failure.kind, failure.message, { remedy: failure.remedy });
  const { outcome, counts } = report;
  return { outcome: outcome?.kind ?? 'error', events: counts.events ?? 0, failed: counts.failed ?? 0 };
}

function consumptionOf(
  spec: ConsumerSpec,
  context: UnitContext,
  failures: { event: string; reason: string }[],
): Consumption {
  const { queue, consumer } = spec;
  const { budget } = context;
  const seconds = spec.retry?.seconds ?? RETRY_SECONDS;
  const run = (source: Client): Run => ({
    queue,
    consumer,
    budget,
    source,
    rule: {
      seconds: typeof seconds === 'number' ? () => seconds : seconds,
      max: spec.retry?.max ?? RETRY_MAX,
    },
    oneByOne: spec.onEvent !== undefined,
    handle: (events, { batch, signal, client }) => {
      const handling: Handling = {
        queue,
        consumer,
        batch: batch.id,
        remainingMs: () => Math.max(0, budget.remainingMs() - RESERVE_MS),
        signal,
        count: (name, by = 1) => context.count(name, by),
      };
      return callHandler(spec, events, handling, client);
    },
    outlived(stillRuns) {
      context.count('handlersCutOff', 1);
      if (stillRuns) context.count('handlersStillRunning', 1);
    },
    settled(events, { retried, dead }) {
      for (const [name, by] of Object.entries({ events, retried, dead })) if (by > 0) context.count(name, by);
    },
    failed(id, reason) {
      context.count('failed', 1);
      if (failures.length < MAX_LOGGED_FAILURES)
        failures.push({ event: String(id), reason: shownMessage(reason) });
    },
  });
  return {
    register: spec.register ?? true,
    maxEvents: spec.maxEvents ?? MAX_EVENTS,
    maxBytes: spec.maxBytes ?? MAX_BYTES,
    into: spec.exactlyOnce?.into ?? null,
    run,
  };
}

/** The client is present if and only if the spec is exactly once. */
async function callHandler(
  spec: ConsumerSpec,
  events: readonly QueueEvent[],
  handling: Handling,
  client: Destination | undefined,
): Promise<void> {
  const given = { ...handling, ...(client ? { client } : {}) } as ExactlyOnceHandling;
  if (spec.onBatch) await spec.onBatch(events, given);
  else for (const event of events) await spec.onEvent(event, given);
}
