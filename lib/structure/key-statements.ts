import { quoteIdent, quoteLiteral, quoteQualified } from '../db/identifier.ts';
import { type Creation, factName } from './creation.ts';
import type { IndexParameter } from './settings.ts';
import { knownParameters } from './settings-statements.ts';
import { type Constraint, type Index, nameOf, type Table } from './structure.ts';
import { addConstraintComment, sqlName } from './table-statements.ts';

const FIRST_WITH_INCLUDE = 11;
const FIRST_WITH_KEYS_TO_PARTITIONED = 12;
const FIRST_WITH_NULLS_NOT_DISTINCT = 15;
const FIRST_WITH_PARTIAL_SET = 15;
const FIRST_WITH_PERIOD = 18;

/** Adds keys, exclusion constraints and indexes. A partition gets its parts of the parent's indexes from the parent. */
export function addIndexes(table: Table, { attached }: { attached: boolean }, creation: Creation): void {
  const own = table.indexes.filter((index) => !(index.inherited && attached));
  for (const index of own.filter(({ constraint }) => constraint !== null)) addKey(table, index, creation);
  for (const index of own.filter(({ constraint }) => constraint === null)) addIndex(table, index, creation);
}

function addKey(table: Table, index: Index, creation: Creation): void {
  const name = index.constraint ?? index.name;
  const definition = keyDefinition(table, index, creation);
  if (definition === undefined) {
    creation.noteOmitted(table, index.name);
    return;
  }
  creation.add(
    `constraint ${name} of ${nameOf(table)}`,
    `alter table ${sqlName(table)} add constraint ${quoteIdent(name)} ${definition}`,
  );
  if (index.constraintComment !== null)
    addConstraintComment(table, { name, comment: index.constraintComment }, creation);
}

/** Returns the constraint in a form that this server supports; undefined if there is none. */
function keyDefinition(table: Table, index: Index, creation: Creation): string | undefined {
  const { version } = creation.server;
  const note = (text: string) => creation.note(nameOf(table), `the constraint ${index.constraint} ${text}`);
  const missing = creation.missingCall(table, 'index', index.name);
  if (missing !== undefined) {
    note(`${missing}, and was not made`);
    return undefined;
  }
  if (index.period && version < FIRST_WITH_PERIOD) {
    note(`needs PostgreSQL ${FIRST_WITH_PERIOD} (WITHOUT OVERLAPS), and was not made`);
    return undefined;
  }
  const includes = index.including && version < FIRST_WITH_INCLUDE;
  const nulls = index.nullsNotDistinct && version < FIRST_WITH_NULLS_NOT_DISTINCT;
  if (!includes && !nulls) return index.constraintDefinition ?? undefined;
  if (includes && index.type === 'x') {
    note(`needs PostgreSQL ${FIRST_WITH_INCLUDE} (INCLUDE), and was not made`);
    return undefined;
  }
  if (includes) note('was made without its included columns');
  if (nulls) note('lets nulls be distinct, as this version always does');
  const columns = index.columns.map((column) => quoteIdent(column ?? '')).join(', ');
  const rest = /( DEFERRABLE( INITIALLY DEFERRED)?)?$/.exec(index.constraintDefinition ?? '')?.[0] ?? '';
  return `${index.type === 'p' ? 'primary key' : 'unique'} (${columns})${rest}`;
}

function addIndex(table: Table, index: Index, creation: Creation): void {
  const missing = creation.missingCall(table, 'index', index.name);
  const reason = missing ? `it ${missing}` : whyNoIndex(index, creation.server.version);
  if (reason) {
    creation.note(nameOf(table), `the index ${index.name} was not made: ${reason}`);
    creation.noteOmitted(table, index.name);
    return;
  }
  const rest = withKnownParameters(table, index, creation).slice(index.head.length);
  creation.add(`index ${index.name} of ${nameOf(table)}`, index.head + rest.replace(/^ONLY /, ''));
  if (index.comment !== null)
    creation.add(
      `comment on ${index.name}`,
      `comment on index ${quoteQualified(table.schema, index.name)} is ${quoteLiteral(index.comment)}`,
    );
}

/** Returns the index's definition without the storage parameters that this version does not know. */
function withKnownParameters(table: Table, index: Index, creation: Creation): string {
  const settings = creation.settings.get(table.oid)?.indexes.find(({ name }) => name === index.name);
  const clause = (options: readonly IndexParameter[]) =>
    options.length > 0 ? ` WITH (${options.map(({ written }) => written).join(', ')})` : '';
  const options = settings?.options ?? [];
  const known = knownParameters(index.name, { table, options, creation });
  return index.definition.replace(clause(options), () => clause(known));
}

function whyNoIndex(index: Index, version: number): string | undefined {
  if (!index.valid) return 'it is not valid on the provider';
  if (index.including && version < FIRST_WITH_INCLUDE)
    return `INCLUDE needs PostgreSQL ${FIRST_WITH_INCLUDE}`;
  if (index.nullsNotDistinct && version < FIRST_WITH_NULLS_NOT_DISTINCT)
    return `NULLS NOT DISTINCT needs PostgreSQL ${FIRST_WITH_NULLS_NOT_DISTINCT}`;
  return undefined;
}

/** Tables that foreign keys may refer to: tables that are created now, and tables that exist and follow already, which stay as they are. */
export interface Referable {
  made: ReadonlySet<string>;
  members: ReadonlySet<string>;
}

/** Adds the foreign keys to tables that are created, too, or follow already. Each other key gets a note. */
export function addForeignKeys(table: Table, referable: Referable, creation: Creation): void {
  for (const key of table.foreignKeys) {
    if (key.inherited) continue;
    const reason = whyNot(table, key, { referable, creation });
    if (reason) {
      creation.note(nameOf(table), `the foreign key ${key.name} was not made: ${reason}`);
      continue;
    }
    const what = `foreign key ${key.name} of ${nameOf(table)}`;
    const sql = `alter table ${sqlName(table)} add constraint ${quoteIdent(key.name)} ${key.definition}`;
    if (key.references && referable.members.has(factName(key.references))) {
      // Rows do not need the key, and existing rows may violate it.
      creation.try(nameOf(table), what, sql);
      continue;
    }
    creation.add(what, sql);
    if (key.comment !== null) addConstraintComment(table, { name: key.name, comment: key.comment }, creation);
  }
}

function whyNot(
  table: Table,
  key: Constraint,
  { referable: { made, members }, creation }: { referable: Referable; creation: Creation },
): string | undefined {
  const { version } = creation.server;
  const other = key.references;
  if (!other) return undefined;
  const name = factName(other);
  if (!made.has(name) && !members.has(name) && name !== nameOf(table)) return `${name} does not follow`;
  if (key.period && version < FIRST_WITH_PERIOD) return `PERIOD needs PostgreSQL ${FIRST_WITH_PERIOD}`;
  if (!key.enforced && version < FIRST_WITH_PERIOD) return 'it is not enforced on the provider';
  if (key.setsSomeColumns && version < FIRST_WITH_PARTIAL_SET)
    return `SET NULL of some columns needs PostgreSQL ${FIRST_WITH_PARTIAL_SET}`;
  if (other.kind === 'p' && version === FIRST_WITH_KEYS_TO_PARTITIONED - 1)
    return `a key to a partitioned table needs PostgreSQL ${FIRST_WITH_KEYS_TO_PARTITIONED}`;
  return undefined;
}
