/**
 * The one error type of pgtide. `kind` decides what a run does with it (see `policyOf`); `remedy` is what an operator
 * can do about it. Messages name the object and what the operator has specified. They never hold a secret or a value
 * of a row, because they end in logs, in alarms, and in the states of nodes and tables. lib/db/server-error.ts builds
 * the messages for errors of a server.
 */
export type ErrorKind =
  /** The caller's input or the configuration is wrong. Nothing was changed. */
  | 'input'
  /** A server cannot be reached, or the connection was lost. */
  | 'connection'
  /** The server refused the user or the password. */
  | 'authentication'
  /** A right is missing; the remedy holds the GRANT. */
  | 'privilege'
  /** A queue, node, table or function does not exist. */
  | 'not-found'
  /** The two sides do not fit: columns, keys, types, versions. */
  | 'schema'
  /** The state does not allow what was asked (already there, holds rows, wrong order). */
  | 'state'
  /** The subscriber's position is neither the batch's start nor its end. */
  | 'lost-position'
  /** Another run with a newer lease has taken over. */
  | 'fenced'
  /** Rows could not be applied. */
  | 'apply'
  /** The server is short of something, or asks to try again: locks, timeouts, deadlocks, disk. */
  | 'busy'
  /** A bug, or an unforeseen error. */
  | 'internal';

export class PgtideError extends Error {
  readonly kind: ErrorKind;
  readonly remedy: string | undefined;

  constructor(
    kind: ErrorKind,
    message: string,
    options: { remedy?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PgtideError';
    this.kind = kind;
    this.remedy = options.remedy;
  }
}

/**
 * This many runs in a row that end alike, without progress, are an error for an operator, even if each of them is
 * transient. lib/runtime/trouble.ts counts scheduled runs; the subscriber counts refused epochs
 * (lib/replay/epoch.ts).
 */
export const RUNS_IN_A_ROW = 3;

/**
 * What a run does with an error of each kind: the next run retries, or the error waits for an operator. An unforeseen
 * error is not transient.
 */
export const policyOf: Record<ErrorKind, 'next-run' | 'operator'> = {
  input: 'operator',
  connection: 'next-run',
  authentication: 'operator',
  privilege: 'operator',
  'not-found': 'operator',
  schema: 'operator',
  state: 'operator',
  'lost-position': 'operator',
  fenced: 'next-run',
  apply: 'operator',
  busy: 'next-run',
  internal: 'operator',
};

/** Default remedies. */
export const usualRemedy: Record<ErrorKind, string> = {
  input: 'see `pgtide help COMMAND`',
  connection: 'check that the server runs, and that its host and port are right and can be reached from here',
  authentication: 'correct the user or the password of this node',
  privilege: 'let the owner of the database grant what is missing, or connect as the owner',
  'not-found': 'correct the name',
  schema: 'align the two definitions',
  state: 'see `pgtide status`',
  'lost-position': 'see `pgtide status`',
  fenced: 'another run has taken over; run it again if that one has ended',
  apply: 'see `pgtide status`',
  busy: 'run it again',
  internal: 'this may be a bug in pgtide; PGTIDE_DEBUG=1 shows where',
};
