/**
 * Finds calls of PostgreSQL's own functions that the other server's version lacks. The catalog keeps no dependency on those functions, so
 * they are read from the stored expressions. A call counts as missing if no function of that name on the server takes as many arguments.
 * Argument types are not compared: among functions of one name, PostgreSQL finds the one that fits.
 */
import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import type { Creation } from './creation.ts';

/** Names of PostgreSQL's functions, with the fewest and the most arguments that they take. */
export type Builtins = Record<string, [fewest: number, most: number]>;

export const builtinsSql = sqlText('structure/builtins.sql');

/** A part of a table that calls functions. */
export type Part = 'default' | 'check' | 'index';

interface Calls {
  table: number;
  part: Part;
  name: string;
  calls: [name: string, fewest: number, most: number][];
}

/** $1: oids of relations. Defaults and generated columns by column; constraints and indexes by name. */
const callsSql = sqlText('structure/missing-calls.sql');

/** Records in `creation` the parts of the tables that call a function which its server lacks. */
export async function findMissingCalls(
  provider: Client,
  oids: readonly number[],
  creation: Creation,
): Promise<void> {
  for (const { table, part, name, calls } of await provider.query<Calls>(callsSql, [oids])) {
    const lacking = (calls ?? []).find((call) => !isThere(call, creation.server.builtins));
    if (lacking) creation.missingCalls.set(`${table} ${part} ${name}`, lacking[0]);
  }
}

function isThere([name, least, greatest]: Calls['calls'][number], builtins: Builtins): boolean {
  const found = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
  return found !== undefined && least <= found[1] && greatest >= found[0];
}
