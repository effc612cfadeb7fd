import { asInternalError } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { shownMessage } from '../redact.ts';
import type { UnitName } from '../unit-context/registry.ts';

/** The step that has the time of connections that were not opened, or were lost. */
export const LOST_CONNECTION = 'lost-connection';

/** How one run of a unit for one (queue, node) went. */
export interface RunReport<Result = undefined> {
  unit: UnitName;
  queue: string;
  node: string;
  consumer?: string;
  /** Null: it failed, see `error`. */
  outcome: Outcome | null;
  /** What an on-demand unit returned. */
  result?: Result;
  /** How often the unit was called. */
  repeats: number;
  counts: Record<string, number>;
  gauges: Record<string, number>;
  /** Milliseconds spent in each step. */
  steps: Record<string, number>;
  durationMs: number;
  error?: PgtideError;
  /** With errors.showValues: what servers said of errors, in their own words. */
  serverTexts?: string[];
  /** The lease could not be given back; it expires by itself. */
  releaseError?: string;
  /** Nothing could be read of earlier runs. */
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

/** Lambda writes what is thrown into its log as it is, with all that hangs on it: so nothing hangs on this. */
export function withoutCause(error: PgtideError): PgtideError {
  const { message, remedy } = shownError(error);
  return new PgtideError(error.kind, message, { remedy });
}

/**
 * An error as it leaves a function. Lambda answers with its name as `errorType` and its message as `errorMessage`, so these have
 * all that a caller needs: the kind in the one, message and remedy in the other.
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
