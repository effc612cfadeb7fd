import { asInternalError } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { shownMessage } from '../redact.ts';
import type { UnitName } from '../unit-context/registry.ts';

/** The step that records the time of connections that were not opened, or were lost. */
export const LOST_CONNECTION = 'lost-connection';

/** The report on one run of a unit for one (queue, node). */
export interface RunReport<Result = undefined> {
  unit: UnitName;
  queue: string;
  node: string;
  consumer?: string;
  /** Null if the run failed; see `error`. */
  outcome: Outcome | null;
  /** The result of an on-demand unit. */
  result?: Result;
  /** The number of times that the unit was called. */
  repeats: number;
  counts: Record<string, number>;
  gauges: Record<string, number>;
  /** Milliseconds spent in each step. */
  steps: Record<string, number>;
  durationMs: number;
  error?: PgtideError;
  /** With errors.showValues: the error texts of servers, in their own words. */
  serverTexts?: string[];
  /** The lease could not be released; it expires. */
  releaseError?: string;
  /** The states of earlier runs could not be read. */
  statesError?: string;
  /** A unit that has work from this run could not be woken; it begins when its rest is over. */
  wakeError?: string;
}

/** An error as callers and logs see it, without secrets. */
export interface ShownError {
  kind: string;
  message: string;
  remedy?: string;
}

export function asRunError(error: unknown): PgtideError {
  if (error instanceof PgtideError) return error;
  return asInternalError(error);
}

/** Lambda logs a thrown error with everything that is attached to it, so this copy has nothing attached. */
export function withoutCause(error: PgtideError): PgtideError {
  const { message, remedy } = shownError(error);
  return new PgtideError(error.kind, message, { remedy });
}

/**
 * Builds the error that leaves a function. Lambda returns its name as `errorType` and its message as `errorMessage`,
 * so these hold all that a caller needs: the name has the kind, and the message has message and remedy.
 */
export function thrownError(error: PgtideError): PgtideError {
  const { message, remedy } = shownError(error);
  const thrown = new PgtideError(error.kind, remedy === undefined ? message : `${message}\n  → ${remedy}`, {
    remedy,
  });
  thrown.name = `pgtide.${error.kind}`;
  return thrown;
}

export function shownError(error: PgtideError): ShownError {
  return {
    kind: error.kind,
    message: shownMessage(error.message),
    ...(error.remedy === undefined ? {} : { remedy: shownMessage(error.remedy) }),
  };
}
