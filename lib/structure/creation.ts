/** What a table's creation on another server consists of, collected step by step. */
import { sqlText } from '../db/sql-text.ts';
import type { ErrorKind } from '../errors.ts';
import type { Obstacle } from '../obstacle.ts';
import type { ForeignCode } from './foreign-code.ts';
import type { GivenDefaults } from './given-defaults.ts';
import type { Builtins, Part } from './missing-calls.ts';
import type { SchemaSettings, TableSettings } from './settings.ts';
import type { RelationName } from './structure.ts';

export interface Statement {
  /** What it makes, for messages. */
  what: string;
  sql: string;
  /** Set for what rows do without: if the server refuses it, this table gets a note, and the rest goes on. */
  optionalFor?: string;
  /** Set for what the user has written: if the server refuses it, the error is about that. */
  given?: boolean;
}

/** Something that is not on the subscriber as it is on the provider, and that replication does not need. */
export interface Note {
  /** `schema.table`: one of the tables that were asked for. */
  table: string;
  text: string;
}

export class Creation {
  readonly statements: Statement[] = [];
  readonly notes: Note[] = [];
  readonly obstacles: Obstacle[] = [];
  /** As it is before, and with what is made. */
  readonly found: ServerFacts;
  readonly server: ServerFacts;
  readonly defaults: GivenDefaults;
  /** See findMissingCalls: a function of PostgreSQL, by the part that calls it. */
  readonly missingCalls = new Map<string, string>();
  /** By the number that the provider has for the table. */
  settings: ReadonlyMap<number, TableSettings> = new Map();
  /** The provider's. */
  schemas: ReadonlyMap<string, SchemaSettings> = new Map();
  grantedSequences: ReadonlySet<string> = new Set();
  readonly #unmade = new Set<string>();
  /** The table that was asked for, of its partitions and of the types of its columns. */
  readonly #tables = new Map<string, string>();

  constructor(server: Readonly<ServerFacts>, defaults: GivenDefaults = new Map()) {
    this.found = server;
    this.server = structuredClone(server);
    this.defaults = defaults;
  }

  /** The function that a part of a table calls and the server's version lacks. */
  missingCall({ oid }: { oid: number }, part: Part, name: string): string | undefined {
    const called = this.missingCalls.get(`${oid} ${part} ${name}`);
    return called && `calls ${called}, which PostgreSQL ${this.server.version} lacks`;
  }

  add(what: string, sql: string): void {
    this.statements.push({ what, sql });
  }

  /** What the user has written, in a statement. */
  addGiven(what: string, sql: string): void {
    this.statements.push({ what, sql, given: true });
  }

  /** Like `add`, for what rows do without. */
  try(table: string, what: string, sql: string): void {
    this.statements.push({ what, sql, optionalFor: table });
  }

  /** An index that this server cannot have, or is not to have. */
  noteOmitted({ schema }: RelationName, index: string): void {
    this.#unmade.add(`${schema}.${index}`);
  }

  isUnmade({ schema }: RelationName, index: string): boolean {
    return this.#unmade.has(`${schema}.${index}`);
  }

  /** Notes about `part` are notes on `table`, which was asked for. */
  belongs(part: string, table: string): void {
    if (!this.#tables.has(part)) this.#tables.set(part, table);
  }

  note(of: string, text: string): void {
    const table = this.#tables.get(of) ?? of;
    this.notes.push({ table, text: table === of ? text : `${of}: ${text}` });
  }

  refuse(text: string, remedy?: string, kind: ErrorKind = 'schema'): void {
    this.obstacles.push({ kind, text: `${this.server.node}: ${text}`, remedy });
  }
}

/** What is on the server that the tables are made on. */
export interface ServerFacts extends ForeignCode {
  node: string;
  builtins: Builtins;
  /** Major version. */
  version: number;
  role: string;
  database: string;
  mayCreateSchemas: boolean;
  /** Row security hides nothing from this role, also where it is forced upon the owner. */
  seesAllRows: boolean;
  roles: string[];
  schemas: string[];
  /** Those that this role may make something in. */
  openSchemas: string[];
  /** Qualified, as `schema.name`; for enums with their labels. */
  types: Record<string, { labels: string[] | null }>;
  /** Tables, views, sequences, indexes: whatever takes a name. */
  relations: string[];
  collations: string[];
  extensions: Record<string, { schema: string }>;
  /** As regprocedure writes them. */
  functions: string[];
}

export const serverFactsSql = sqlText('structure/server-facts.sql');

/** `schema.name`, unquoted, as the facts have it. */
export function factName({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}
