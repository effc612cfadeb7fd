/** A scenario of the triggers of PgQ, and what many of them share: triggers, a table, statements. */

export interface TriggerScenario {
  name: string;
  /** The first PostgreSQL that has what the table needs. */
  since?: number;
  /** Creates table `t`. */
  table: string;
  /** Trigger function and arguments, besides the queue; each is a trigger of its own. */
  triggers: [name: 'sqltriga' | 'logutriga' | 'jsontriga', ...args: string[]][];
  timing?: 'before' | 'after';
  on?: 'row' | 'truncate';
  /** Sets what a plain owner may not. */
  superuser?: true;
  statements: string[];
}

export const all: TriggerScenario['triggers'] = [['sqltriga'], ['logutriga'], ['jsontriga']];
export const withBackup: TriggerScenario['triggers'] = [
  ['sqltriga', 'backup'],
  ['logutriga', 'backup'],
  ['jsontriga', 'backup'],
];
export const each = (...args: string[]): TriggerScenario['triggers'] => [
  ['sqltriga', ...args],
  ['logutriga', ...args],
  ['jsontriga', ...args],
];
export const simple = 'create table t (a text primary key, b text, n int)';
export const twoRows = `insert into t values ('x', 'y', 1), ('z', null, null)`;
export const change = [twoRows, `update t set b = 'w' where a = 'x'`, `delete from t where a = 'x'`];
