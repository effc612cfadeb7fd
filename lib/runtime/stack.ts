import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { z } from 'zod';
import { elapsedMs } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { PgtideError } from '../errors.ts';
import type { UnitName } from '../unit-context/registry.ts';
import { type Environment, lambdaEnvironment } from './environment.ts';
import { asRunError, shownError, thrownError } from './run-report.ts';

/** What a handler receives from the stack besides its event. */
export interface Invocation {
  readonly environment: Environment;
  readonly config: Config;
  /** Unique to this invocation; the owner of its leases. */
  readonly owner: string;
  /** Time that the invocation may still spend; it ends before Lambda would end it. */
  remainingMs(): number;
}

export interface StackSpec<Event extends z.ZodType, Response> {
  unit: UnitName;
  event: Event;
  /** Longest time that one invocation spends, even if Lambda would let it run longer. */
  mostMs: number;
  work: (event: z.output<Event>, invocation: Invocation) => Promise<Response>;
  /** Handles an error, which is in the log by then. */
  failed: (error: PgtideError) => Response;
  environment?: Environment;
}

/** Time reserved for releasing leases, closing connections and writing the log. */
const MARGIN_MS = 4_000;

/** Errors of runs that have written their own log line. */
export class RunsFailed extends PgtideError {}

export type LambdaHandler<Response> = (event: unknown, context: Context) => Promise<Response>;

type StackContext = Context & { invocation: Invocation };
type StackRequest = middy.Request<unknown, unknown, Error, StackContext>;

/**
 * The one stack that every function runs in: event → configuration → budget → work, and then the error policy. A bad
 * event is refused before anything is opened.
 */
export function stack<Event extends z.ZodType, Response>(
  spec: StackSpec<Event, Response>,
): LambdaHandler<Response> {
  const environment = spec.environment ?? lambdaEnvironment();
  // middy would answer just before Lambda's timeout. Lambda would then freeze the open connections, and thaw them in
  // a later run. A timeout that kills the container closes them.
  const handler = middy<unknown, Response, Error, StackContext>({ timeoutEarlyInMillis: 0 })
    .use(errorPolicy(spec, environment))
    .use(validEvent(spec.event))
    .use(invocation(spec, environment))
    .handler((event, context) => spec.work(event as z.output<Event>, context.invocation));
  return cleanly(handler as unknown as LambdaHandler<Response>);
}

/**
 * Throws an error that is built here. Lambda logs the error that leaves a function, with every enumerable property,
 * and middy attaches the error that it met to the one that it throws.
 */
function cleanly<Response>(handler: LambdaHandler<Response>): LambdaHandler<Response> {
  return async (event, context) => {
    try {
      return await handler(event, context);
    } catch (error) {
      throw thrownError(asRunError(error));
    }
  };
}

function errorPolicy<Event extends z.ZodType, Response>(
  { unit, failed }: StackSpec<Event, Response>,
  { clock, log }: Environment,
) {
  return {
    onError: (request: StackRequest) => {
      const error = asRunError(request.error);
      if (!(error instanceof RunsFailed))
        log({
          time: new Date(clock.now()).toISOString(),
          level: 'ERROR',
          unit,
          outcome: 'error',
          error: shownError(error),
        });
      request.response = failed(error);
    },
  };
}

/** A schedule without a configured input sends a description of itself. */
function isScheduleNotice(event: unknown): boolean {
  const source = (event as { source?: unknown } | null)?.source;
  return source === 'aws.scheduler' || source === 'aws.events';
}

function validEvent(schema: z.ZodType) {
  return {
    before: (request: StackRequest) => {
      const given = isScheduleNotice(request.event) ? {} : (request.event ?? {});
      const parsed = schema.safeParse(given);
      if (!parsed.success) {
        const problems = parsed.error.issues.map(
          ({ path, message }) => `${path.join('.') || 'event'}: ${message}`,
        );
        throw new PgtideError('input', `the event is not valid: ${problems.join('; ')}`, {
          remedy: 'nothing was done; correct the event',
        });
      }
      request.event = parsed.data;
    },
  };
}

function invocation<Event extends z.ZodType, Response>(
  { mostMs }: StackSpec<Event, Response>,
  environment: Environment,
) {
  return {
    before: ({ context }: StackRequest) => {
      const { clock } = environment;
      const ends = elapsedMs(clock) + Math.min(mostMs, context.getRemainingTimeInMillis() - MARGIN_MS);
      context.invocation = {
        environment,
        config: environment.config(),
        // Lambda may deliver one request twice, and both deliveries have its id.
        owner: `${context.awsRequestId}/${randomUUID()}`,
        remainingMs: () => Math.max(0, ends - elapsedMs(clock)),
      };
    },
  };
}
