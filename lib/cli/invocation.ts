import type { Verdict } from '../local/verdict.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Options that stand before the command. */
export interface GlobalOptions {
  config?: string;
  lease: boolean;
  verbose?: boolean;
}

/** What every command's action gets. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly global: GlobalOptions;
}

/** What a command does. */
export type Action<Arguments extends unknown[]> = (
  invocation: Invocation,
  ...values: Arguments
) => Promise<Verdict>;

/** Makes an action what commander calls. */
export type Run = <Arguments extends unknown[]>(
  action: Action<Arguments>,
) => (...values: unknown[]) => Promise<void>;
