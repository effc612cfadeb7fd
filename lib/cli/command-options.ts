/** What commander gives to the commands: the options of lib/cli/program.ts. */

/** Options of every command that takes tables by patterns. */
export interface Exclusion {
  exclude?: string[];
}

export interface AddTableOptions extends Exclusion {
  all?: boolean;
  create?: boolean;
  default?: string[];
  expectSync?: boolean;
  skipTruncate?: boolean;
}

export interface RemoveTableOptions extends Exclusion {
  all?: boolean;
  now?: boolean;
}

export interface RunOptions {
  until?: 'synced' | 'idle';
  for?: number;
  every: number;
}

export interface DemoOptions {
  json?: boolean;
  keep?: boolean;
}
