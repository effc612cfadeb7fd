import { quoteIdent, quoteLiteral, quoteQualified } from '../db/identifier.ts';
import { type Creation, factName } from './creation.ts';
import { collate } from './needed-types.ts';
import type { Sequence } from './sequence-uses.ts';
import { type Column, nameOf, type Table } from './structure.ts';

const FIRST_WITH_KEYS_ON_PARTITIONED = 11;
const FIRST_WITH_GENERATED = 12;
const FIRST_WITH_VIRTUAL = 18;

/** Returns whether this server supports the table as a partitioned one, with its keys. */
export function staysPartitioned(table: Table, creation: Creation): boolean {
  return table.kind === 'p' && creation.server.version >= FIRST_WITH_KEYS_ON_PARTITIONED;
}

/** Adds the sequences that defaults name. Identity columns create their own sequences. */
export function addSequences(table: Table, creation: Creation): void {
  for (const sequence of table.sequences) {
    if (sequence.identity) continue;
    const name = factName(sequence);
    if (creation.server.relations.includes(name)) continue;
    creation.server.relations.push(name);
    creation.add(
      `sequence ${name}`,
      `create sequence ${quoteQualified(sequence.schema, sequence.name)} as ${sequence.type} ${sequenceOptions(sequence)}`,
    );
    if (sequence.comment !== null)
      creation.add(
        `comment on ${name}`,
        `comment on sequence ${quoteQualified(sequence.schema, sequence.name)} is ${quoteLiteral(sequence.comment)}`,
      );
  }
}

/** Adds the ownership of sequences by columns. */
export function addOwnership(table: Table, creation: Creation): void {
  for (const sequence of table.sequences)
    if (sequence.owned && !sequence.identity)
      creation.add(
        `owner of the sequence ${factName(sequence)}`,
        `alter sequence ${quoteQualified(sequence.schema, sequence.name)} owned by ${sqlName(table)}.${quoteIdent(sequence.column)}`,
      );
}

function sequenceOptions(sequence: Sequence): string {
  const { start, increment, min, max, cache, cycle } = sequence;
  return `start ${start} increment ${increment} minvalue ${min} maxvalue ${max} cache ${cache} ${cycle ? '' : 'no '}cycle`;
}

/** Adds the table with its columns and checks. A partition is created as a separate table and then attached. */
export function addTable(table: Table, parent: Table | undefined, creation: Creation): void {
  const parts = table.columns.map((column) => columnSql(table, column, creation));
  const made: Table['checks'] = [];
  for (const check of table.checks) {
    const missing = creation.missingCall(table, 'check', check.name);
    if (missing !== undefined)
      creation.note(nameOf(table), `the check ${check.name} ${missing}, and was not made`);
    else if (!check.validated || (!check.enforced && creation.server.version < FIRST_WITH_VIRTUAL))
      creation.note(
        nameOf(table),
        `the check ${check.name} is not ${check.validated ? 'enforced' : 'validated'} on the provider, and was not made`,
      );
    else {
      parts.push(`constraint ${quoteIdent(check.name)} ${check.definition}`);
      made.push(check);
    }
  }
  const partitioned = staysPartitioned(table, creation);
  if (table.kind === 'p' && !partitioned)
    creation.note(
      nameOf(table),
      `PostgreSQL ${creation.server.version} has no keys on partitioned tables; it was made as one plain table`,
    );
  const partitionBy = partitioned ? ` partition by ${table.partitionKey}` : '';
  creation.add(
    `table ${nameOf(table)}`,
    `create table ${sqlName(table)} (${parts.join(', ')})${partitionBy}`,
  );
  if (parent)
    creation.add(
      `partition ${nameOf(table)}`,
      `alter table ${sqlName(parent)} attach partition ${sqlName(table)} ${table.bound}`,
    );
  creation.server.relations.push(nameOf(table));
  for (const extra of table.extras)
    creation.note(nameOf(table), `${extra} of the provider's table were not carried over`);
  if (table.bound === null && table.parents)
    creation.note(nameOf(table), 'inheritance is not carried over; it stands alone');
  addDefaults(table, creation);
  addComments({ ...table, checks: made }, creation);
}

/** Adds the defaults that the user gave. They are run as SQL that an owner of the table could run. */
function addDefaults(table: Table, creation: Creation): void {
  for (const { name } of table.columns) {
    const given = creation.defaults.get(`${nameOf(table)}.${name}`);
    if (given !== undefined)
      creation.addGiven(
        `default of ${nameOf(table)}.${name}`,
        `alter table ${sqlName(table)} alter column ${quoteIdent(name)} set default (${given}\n)`,
      );
  }
}

export function sqlName({ schema, name }: { schema: string; name: string }): string {
  return quoteQualified(schema, name);
}

function columnSql(table: Table, column: Column, creation: Creation): string {
  const owner = `${nameOf(table)}.${column.name}`;
  const clauses = [
    `${quoteIdent(column.name)} ${column.type}${collate(column.collation, { owner, creation })}`,
  ];
  const generated = generatedClause(table, column, creation);
  const unsent = column.generated === 'v' && generated.length === 0;
  if (column.generated !== '') clauses.push(...generated);
  else if (column.identity !== '') clauses.push(...identityClause(table, column, creation));
  else clauses.push(...defaultClause(table, column, creation));
  if (column.notNull && !unsent) clauses.push('not null');
  return clauses.join(' ');
}

function defaultClause(table: Table, column: Column, creation: Creation): string[] {
  if (column.default === null || creation.defaults.has(`${nameOf(table)}.${column.name}`)) return [];
  const missing = creation.missingCall(table, 'default', column.name);
  if (missing === undefined) return [`default ${column.default}`];
  creation.note(
    nameOf(table),
    `the default of ${column.name} ${missing}: it has none on ${creation.server.node}, unless --default ${nameOf(table)}.${column.name}=EXPRESSION gives it one`,
  );
  return [];
}

/** Returns the clause of a generated column; empty if the column is an ordinary one on this server. */
function generatedClause(table: Table, column: Column, creation: Creation): string[] {
  if (column.generated === '') return [];
  const { node, version } = creation.server;
  const where = `the generated column ${column.name}`;
  const expression = `generated always as (${column.default})`;
  const values =
    column.generated === 's' ? "takes the provider's values" : 'stays empty, since nothing of it is sent';
  const missing = creation.missingCall(table, 'default', column.name);
  if (version < FIRST_WITH_GENERATED) {
    creation.note(nameOf(table), `${where} is an ordinary one on PostgreSQL ${version}, and ${values}`);
    return [];
  }
  if (missing !== undefined) {
    creation.note(nameOf(table), `${where} ${missing}: it is an ordinary one on ${node}, and ${values}`);
    return [];
  }
  if (column.generated === 's') return [`${expression} stored`];
  if (version >= FIRST_WITH_VIRTUAL) return [`${expression} virtual`];
  creation.note(nameOf(table), `${where} is virtual on the provider, and stored on PostgreSQL ${version}`);
  return [`${expression} stored`];
}

/** Returns the clause of an identity column. A partition gets its parent's identity or, before version 17, none. */
function identityClause(table: Table, column: Column, creation: Creation): string[] {
  if (table.bound !== null) return [];
  const kind = `generated ${column.identity === 'a' ? 'always' : 'by default'} as identity`;
  const sequence = table.sequences.find((one) => one.identity && one.column === column.name);
  if (!sequence) return [kind];
  const taken = creation.server.relations.includes(factName(sequence));
  if (taken)
    creation.note(nameOf(table), `the name ${factName(sequence)} is taken; its sequence has another one`);
  else creation.server.relations.push(factName(sequence));
  const name = taken ? '' : `sequence name ${quoteQualified(sequence.schema, sequence.name)} `;
  return [`${kind} (${name}${sequenceOptions(sequence)})`];
}

function addComments(table: Table, creation: Creation): void {
  if (table.comment !== null)
    creation.add(
      `comment on ${nameOf(table)}`,
      `comment on table ${sqlName(table)} is ${quoteLiteral(table.comment)}`,
    );
  for (const { name, comment } of table.columns)
    if (comment !== null)
      creation.add(
        `comment on ${nameOf(table)}.${name}`,
        `comment on column ${sqlName(table)}.${quoteIdent(name)} is ${quoteLiteral(comment)}`,
      );
  for (const { name, comment } of table.checks)
    if (comment !== null) addConstraintComment(table, { name, comment }, creation);
}

export function addConstraintComment(
  table: Table,
  { name, comment }: { name: string; comment: string },
  creation: Creation,
): void {
  creation.add(
    `comment on the constraint ${name}`,
    `comment on constraint ${quoteIdent(name)} on ${sqlName(table)} is ${quoteLiteral(comment)}`,
  );
}
