import { Condition } from '../db/server-error.ts';
import { asInternalError } from '../db/sqlstate.ts';
import { PgtideError, usualRemedy } from '../errors.ts';
import type { CommandResult } from '../local/command-result.ts';
import { redact, shownMessage } from '../redact.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const EXIT = { holds: 0, fails: 1, usage: 2, interrupted: 130 } as const;

/** Writes to stderr why the verdict does not hold, and what to do. Returns the exit status. */
export function conclude(terminal: Terminal, verdict: CommandResult): number {
  if ('interrupted' in verdict) return EXIT.interrupted;
  if (verdict.holds) return EXIT.holds;
  complain(terminal, verdict.why, verdict.remedy);
  return EXIT.fails;
}

/** Does the same for a thrown error, without a stack trace unless PGTIDE_DEBUG is set. */
export function concludeError(terminal: Terminal, error: unknown): number {
  const { message, kind, remedy } = error instanceof PgtideError ? error : asInternalError(error);
  complain(terminal, message, remedy || usualRemedy[kind]);
  if (process.env.PGTIDE_DEBUG) terminal.err(redact(stackOf(error)));
  return EXIT.fails;
}

function complain(terminal: Terminal, why: string, remedy: string | undefined): void {
  terminal.err(`error: ${shownMessage(why)}`);
  if (remedy) terminal.err(`fix: ${shownMessage(remedy)}`);
}

function stackOf(thrown: unknown): string {
  const error =
    thrown instanceof PgtideError || thrown instanceof Condition ? thrown : asInternalError(thrown);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
