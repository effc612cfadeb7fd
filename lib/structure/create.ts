/**
 * Creates a provider's tables on a subscriber, from the catalog: schemas, types, sequences, tables with partitions, keys, indexes and
 * foreign keys, with their names and comments, and the other settings that a dump carries. Parts that the subscriber cannot have are
 * approximated or skipped, with a note on a table that was requested. Whatever would keep rows out is refused before anything is created.
 * Nothing is more open than on the provider (lib/structure/row-security.ts).
 */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { refuse } from '../obstacle.ts';
import { Creation, type Note, type ServerFacts, type Statement, serverFactsSql } from './creation.ts';
import { refuseTableCode } from './creation-code.ts';
import { type ForeignCode, foreignCodeSql } from './foreign-code.ts';
import type { GivenDefaults } from './given-defaults.ts';
import { addForeignKeys, addIndexes } from './key-statements.ts';
import { builtinsSql, findMissingCalls } from './missing-calls.ts';
import { requireObjects } from './needed-objects.ts';
import { addTypes } from './needed-types.ts';
import { addRowSecurity, readPolicies } from './row-security.ts';
import { addSchemas } from './schema-statements.ts';
import { readGrantedSequences, readSchemas, readSettings } from './settings.ts';
import { addExtendedStatistics, addIndexSettings, addSettings } from './settings-statements.ts';
import { describeTables, nameOf, reading, type Table } from './structure.ts';
import { addOwnership, addSequences, addTable, staysPartitioned } from './table-statements.ts';

export interface TableCreation {
  /** Roots and partitions, in the order in which they are created. */
  created: string[];
  statements: Statement[];
  notes: Note[];
}

/** Reads the facts about the server on which the tables will be created. */
export function readServer(client: Client): Promise<ServerFacts> {
  return reading(client, async () => {
    const facts =
      await client.first<Omit<ServerFacts, 'node' | 'builtins' | keyof ForeignCode>>(serverFactsSql);
    const code = await client.first<ForeignCode>(foreignCodeSql);
    const called = await client.first<Pick<ServerFacts, 'builtins'>>(builtinsSql);
    if (!facts || !code || !called)
      throw new PgtideError('internal', `${client.node}: the catalog gave no facts`);
    return { ...facts, ...code, ...called, node: client.node };
  });
}

/**
 * Returns the statements that create the tables of these names (`schema.table`), and all partitions below them, on `server`. Tables that
 * exist already are skipped. Throws one error that lists all blockers.
 */
export function createTableStatements(
  provider: Client,
  names: readonly string[],
  server: ServerFacts,
  { defaults, members = [] }: Pick<CreationOptions, 'defaults' | 'members'> = {},
): Promise<TableCreation> {
  return reading(provider, async () => {
    const creation = new Creation(server, defaults);
    const found = await describeTables(provider, names, { partitions: true });
    for (const name of names)
      if (!found.some((table) => nameOf(table) === name))
        throw new PgtideError('not-found', `${provider.node}: no table ${name}`);
    const plan = selectTables(found, names, creation);
    const tables = plan.map(({ table }) => table);
    noteOnRoots(plan, creation);
    creation.schemas = await readSchemas(provider);
    creation.grantedSequences = await readGrantedSequences(provider);
    creation.settings = await readSettings(
      provider,
      tables.map(({ oid }) => oid),
    );
    const types = await addTypes(provider, typesOf(tables, creation), creation);
    for (const { table, parent } of plan)
      refuseTableCode(table, { attached: parent !== undefined }, creation);
    const oids = tables.map(({ oid }) => oid);
    await findMissingCalls(provider, oids, creation);
    await requireObjects(
      provider,
      { tables: oids, types: types.made, typeExtensions: types.extensions },
      creation,
    );
    const sequences = tables.flatMap((table) => table.sequences);
    const missing = sequences.filter((one) => !creation.server.relations.includes(nameOf(one)));
    addSchemas([...tables, ...missing], creation);
    refuse(`the tables cannot be made on ${server.node}`, creation.obstacles);
    for (const table of tables) addSequences(table, creation);
    for (const { table, parent } of plan) {
      addTable(table, parent, creation);
      addSettings(table, creation);
    }
    for (const table of tables) addOwnership(table, creation);
    for (const { table, parent } of plan) {
      addIndexes(table, { attached: parent !== undefined }, creation);
      addIndexSettings(table, { attached: parent !== undefined }, creation);
    }
    const made = new Set(tables.map(nameOf));
    const referable = { made, members: new Set(members) };
    for (const table of tables) addForeignKeys(table, referable, creation);
    await noteKeysFromMembers(provider, tables, { members, creation });
    const policies = await readPolicies(provider, tables);
    for (const table of tables) addExtendedStatistics(table, creation);
    for (const table of tables) addRowSecurity(table, policies, creation);
    return { created: tables.map(nameOf), statements: creation.statements, notes: creation.notes };
  });
}

/**
 * Notes the foreign keys of tables that follow already, to tables that are created now. These keys are not created, because some rows that
 * they refer to may not have arrived yet.
 */
async function noteKeysFromMembers(
  provider: Client,
  tables: readonly Table[],
  { members, creation }: { members: readonly string[]; creation: Creation },
): Promise<void> {
  const keys = await provider.query<{ made: string; key: string; of: string; sql: string }>(
    `select rn.nspname || '.' || r.relname as made, k.conname::text as key, n.nspname || '.' || c.relname as of,
            format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)) as sql
       from pg_constraint k
       join pg_class c on c.oid = k.conrelid and not c.relispartition join pg_namespace n on n.oid = c.relnamespace
       join pg_class r on r.oid = k.confrelid join pg_namespace rn on rn.oid = r.relnamespace
      where k.contype = 'f' and k.confrelid = any ($1::oid[]) and n.nspname || '.' || c.relname = any ($2::text[])
      order by 3, 2`,
    [tables.map(({ oid }) => oid), members],
  );
  for (const { made, key, of, sql } of keys)
    creation.note(made, `the foreign key ${key} of ${of} was not made; once both are in step: ${sql}`);
}

export interface CreationOptions {
  defaults?: GivenDefaults | undefined;
  /** Tables that the subscriber has and that follow. */
  members?: readonly string[];
  /** Called after each table with the number of tables that were created and the number of all. */
  onTable?: (made: number, all: number) => void;
}

/** Creates those of these tables that are missing, in one transaction on the subscriber: the open one, or a new one. */
export async function createMissingTables(
  provider: Client,
  subscriber: Client,
  names: readonly string[],
  options: CreationOptions = {},
): Promise<TableCreation> {
  if (!subscriber.inTransaction)
    return subscriber.transaction({}, () => createMissingTables(provider, subscriber, names, options));
  const { onTable } = options;
  const creation = await createTableStatements(provider, names, await readServer(subscriber), options);
  const tables = creation.statements.filter(makesTable).length;
  let made = 0;
  for (const statement of creation.statements) {
    if (statement.optionalFor === undefined) await run(subscriber, statement);
    else creation.notes.push(...(await tryStatement(subscriber, statement)));
    if (makesTable(statement)) onTable?.(++made, tables);
  }
  return creation;
}

function makesTable({ what }: Statement): boolean {
  return what.startsWith('table ');
}

/** Runs an optional statement. If the server refuses it, rolls it back and returns a note. */
async function tryStatement(subscriber: Client, { what, sql, optionalFor = '' }: Statement): Promise<Note[]> {
  await subscriber.query('savepoint optional');
  try {
    await subscriber.query(sql);
    await subscriber.query('release savepoint optional');
    return [];
  } catch (error) {
    if (!(error instanceof PgtideError) || error.kind === 'connection' || error.kind === 'busy') throw error;
    await subscriber.query('rollback to savepoint optional');
    return [{ table: optionalFor, text: `the ${what} could not be made: ${error.message}` }];
  }
}

async function run(subscriber: Client, { what, sql, given }: Statement): Promise<void> {
  try {
    await subscriber.single(sql);
  } catch (error) {
    if (!(error instanceof PgtideError)) throw error;
    const { message, remedy, cause } = error;
    const kind = given && error.kind !== 'connection' && error.kind !== 'busy' ? 'input' : error.kind;
    throw new PgtideError(kind, `${message} (making the ${what})`, { remedy, cause });
  }
}

/** Returns the types of the columns and of typed tables, each with a table that uses it. */
function typesOf(tables: readonly Table[], { settings }: Creation): Map<number, string> {
  const types = tables.flatMap((table) =>
    [...table.columns.map(({ typeOid }) => typeOid), settings.get(table.oid)?.ofTypeOid ?? 0].map(
      (oid) => [oid, nameOf(table)] as const,
    ),
  );
  return new Map(types.toReversed());
}

/** Assigns notes about partitions and columns to the table that was requested. */
function noteOnRoots(plan: readonly Planned[], creation: Creation): void {
  const roots = new Map<string, string>();
  for (const { table, parent } of plan) {
    const root = (parent && roots.get(nameOf(parent))) ?? nameOf(table);
    roots.set(nameOf(table), root);
    creation.belongs(nameOf(table), root);
    for (const { name } of table.columns) creation.belongs(`${nameOf(table)}.${name}`, root);
  }
}

interface Planned {
  table: Table;
  /** The partitioned table above, which is created first and is partitioned on the subscriber, too. */
  parent: Table | undefined;
}

/** Returns the tables to create, parents first. A table that exists already stays as it is, with everything below it. */
function selectTables(found: Table[], names: readonly string[], creation: Creation): Planned[] {
  const planned: Planned[] = [];
  for (const table of found) {
    const name = nameOf(table);
    const parents = table.bound === null ? [] : (table.parents ?? []).map(nameOf);
    const parent = planned.find((one) => parents.includes(nameOf(one.table)))?.table;
    const asPart = parent !== undefined && staysPartitioned(parent, creation);
    if (!asPart && !names.includes(name)) continue;
    if (creation.server.relations.includes(name)) {
      if (asPart)
        creation.refuse(`${name} is there already, and must become a partition of ${nameOf(parent)}`);
      continue;
    }
    if (!isReplicable(table, creation)) continue;
    if (table.bound !== null && !asPart)
      creation.note(name, 'a partition on the provider; it was made as a table of its own');
    planned.push({ table, parent: asPart ? parent : undefined });
  }
  return planned;
}

function isReplicable(table: Table, creation: Creation): boolean {
  const name = nameOf(table);
  if (table.kind !== 'r' && table.kind !== 'p')
    creation.refuse(
      `${name} is no table but a ${{ f: 'foreign table', v: 'view', m: 'materialized view' }[table.kind]} on the provider`,
      `leave ${name} out`,
    );
  else if (table.persistence !== 'p')
    creation.refuse(
      `${name} is ${table.persistence === 'u' ? 'unlogged' : 'temporary'} on the provider`,
      `leave ${name} out`,
    );
  else return true;
  return false;
}
