import type { CommandResult } from '../local/command-result.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Options before the command. */
export interface GlobalOptions {
  config?: string;
  lease: boolean;
  verbose?: boolean;
}

/** The arguments of every command's action. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly global: GlobalOptions;
}

/** The work of a command. */
export type Action<Arguments extends unknown[]> = (
  invocation: Invocation,
  ...values: Arguments
) => Promise<CommandResult>;

/** Converts an action to the function that commander calls. */
export type Run = <Arguments extends unknown[]>(
  action: Action<Arguments>,
) => (...values: unknown[]) => Promise<void>;
