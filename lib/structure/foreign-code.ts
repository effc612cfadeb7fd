/**
 * Finds the code that an expression of another role would run with the rights of the role that creates a table on a server: code that other
 * roles can change, and functions that do more than return a value. Names are checked as the server will resolve them, so all functions of
 * one name count: if two fit, the server might choose the other one.
 */
import { sqlText } from '../db/sql-text.ts';

/** A function, operator or type that belongs neither to this role nor to a superuser. */
export interface ForeignObject {
  /** The object as ALTER … OWNER TO names it. */
  object: string;
  owner: string;
}

/** All entries are by `schema.name`. */
export interface ForeignCode {
  /** Functions and operators. */
  foreignFunctions: Record<string, ForeignObject[]>;
  /** Types that are foreign or are built from foreign types. Enums count, too: a cast to json is found when `to_json` runs. */
  foreignTypes: Record<string, ForeignObject[]>;
  /** Functions of PostgreSQL, of extensions and of pgtide that do more than return a value. */
  actingFunctions: string[];
}

export const foreignCodeSql = sqlText('structure/foreign-code.sql');

const IDENTIFIER = '"(?:[^"]|"")+"|[a-z_][\\w$]*';
/** Matches a string literal, which is skipped, or a name: it may be qualified, may be an operator, and may be called. */
const NAME = new RegExp(
  `'(?:[^']|'')*'|(${IDENTIFIER})(?:\\.(${IDENTIFIER}|[-+*/<>=~!@#%^&|\`?]+))?(\\()?`,
  'gi',
);

export interface Use {
  /** The code that runs, for messages. */
  what: string;
  /** The object whose owner can be changed to solve the problem; undefined if that does not help. */
  foreign: ForeignObject | undefined;
}

/** Returns the code that an SQL text would run or use. PostgreSQL has written the text with `search_path = pg_catalog`. */
export function usesIn(sql: string, server: ForeignCode): Use[] {
  const uses = new Map<string, Use>();
  for (const [, first, second, call] of sql.matchAll(NAME)) {
    if (first === undefined) continue;
    const name = second === undefined ? `pg_catalog.${plain(first)}` : `${plain(first)}.${plain(second)}`;
    const isRun = call !== undefined || /^[^"\w]/.test(second ?? 'x');
    if (isRun && server.actingFunctions.includes(name))
      uses.set(name, { what: name.replace(/^pg_catalog\./, ''), foreign: undefined });
    for (const foreign of (isRun && server.foreignFunctions[name]) || [])
      uses.set(foreign.object, { what: `${foreign.object} of ${foreign.owner}`, foreign });
    for (const foreign of server.foreignTypes[name] ?? [])
      uses.set(foreign.object, { what: `code of ${foreign.object} of ${foreign.owner}`, foreign });
  }
  return [...uses.values()];
}

function plain(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}
