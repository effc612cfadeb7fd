/** The parts of a table's creation on another server, collected step by step. */
import { sqlText } from '../db/sql-text.ts';
import type { ErrorKind } from '../errors.ts';
import type { Obstacle } from '../obstacle.ts';
import type { ForeignCode } from './foreign-code.ts';
import type { GivenDefaults } from './given-defaults.ts';
import type { Builtins, Part } from './missing-calls.ts';
import type { SchemaSettings, TableSettings } from './settings.ts';
import type { RelationName } from './structure.ts';

export interface Statement {
  /** The object that it creates, for messages. */
  what: string;
  sql: string;
  /** Set if rows do not need the object: if the server refuses the statement, this table gets a note, and the creation continues. */
  optionalFor?: string;
  /** Set if the user has written the statement: if the server refuses it, the error is an input error. */
  given?: boolean;
}

/** A difference between the subscriber and the provider that does not affect replication. */
export interface Note {
  /** `schema.table`: one of the tables that were requested. */
  table: string;
  text: string;
}

export class Creation {
  readonly statements: Statement[] = [];
  readonly notes: Note[] = [];
  readonly obstacles: Obstacle[] = [];
  /** Facts about the server: `found` before the creation, `server` with the objects that are created. */
  readonly found: ServerFacts;
  readonly server: ServerFacts;
  readonly defaults: GivenDefaults;
  /** The function of PostgreSQL that is missing, by the part that calls it; see findMissingCalls. */
  readonly missingCalls = new Map<string, string>();
  /** By the table's OID on the provider. */
  settings: ReadonlyMap<number, TableSettings> = new Map();
  /** The schemas of the provider, by name. */
  schemas: ReadonlyMap<string, SchemaSettings> = new Map();
  grantedSequences: ReadonlySet<string> = new Set();
  readonly #unmade = new Set<string>();
  /** The table that was requested, by its partitions and by the types of its columns. */
  readonly #tables = new Map<string, string>();

  constructor(server: Readonly<ServerFacts>, defaults: GivenDefaults = new Map()) {
    this.found = server;
    this.server = structuredClone(server);
    this.defaults = defaults;
  }

  /** Describes the function that a part of a table calls and the server's version lacks; undefined if there is none. */
  missingCall({ oid }: { oid: number }, part: Part, name: string): string | undefined {
    const called = this.missingCalls.get(`${oid} ${part} ${name}`);
    return called && `calls ${called}, which PostgreSQL ${this.server.version} lacks`;
  }

  add(what: string, sql: string): void {
    this.statements.push({ what, sql });
  }

  /** Adds a statement that the user has written. */
  addGiven(what: string, sql: string): void {
    this.statements.push({ what, sql, given: true });
  }

  /** Like `add`, for an object that rows do not need. */
  try(table: string, what: string, sql: string): void {
    this.statements.push({ what, sql, optionalFor: table });
  }

  /** Records an index that is not created on this server. */
  noteOmitted({ schema }: RelationName, index: string): void {
    this.#unmade.add(`${schema}.${index}`);
  }

  isUnmade({ schema }: RelationName, index: string): boolean {
    return this.#unmade.has(`${schema}.${index}`);
  }

  /** Assigns notes about `part` to `table`, which was requested. */
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

/** The facts about the server on which the tables are created. */
export interface ServerFacts extends ForeignCode {
  node: string;
  builtins: Builtins;
  /** Major version. */
  version: number;
  role: string;
  database: string;
  mayCreateSchemas: boolean;
  /** Row security hides no rows from this role, even if it is forced on the owner. */
  seesAllRows: boolean;
  roles: string[];
  schemas: string[];
  /** The schemas in which this role may create objects. */
  openSchemas: string[];
  /** By `schema.name`; enums with their labels. */
  types: Record<string, { labels: string[] | null }>;
  /** Tables, views, sequences and indexes: all relations that occupy a name. */
  relations: string[];
  collations: string[];
  extensions: Record<string, { schema: string }>;
  /** Signatures, as regprocedure writes them. */
  functions: string[];
}

export const serverFactsSql = sqlText('structure/server-facts.sql');

/** Returns `schema.name`, unquoted, the form of names in the facts. */
export function factName({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}
