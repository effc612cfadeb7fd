/**
 * The settings that a dump carries beside a table's structure: storage parameters, statistics targets, storage and compression of columns,
 * the type of a typed table, the clustered index, the replica identity. Rows do not need any of them, so a setting that the server refuses
 * becomes a note. So do the settings that are never carried over: owner, tablespaces, access methods and grants.
 */
import { quoteIdent, quoteLiteral, quoteQualified } from '../db/identifier.ts';
import { type Creation, factName } from './creation.ts';
import { usesIn } from './foreign-code.ts';
import type { StorageParameter, TableSettings } from './settings.ts';
import { nameOf, type Table } from './structure.ts';
import { sqlName } from './table-statements.ts';

/** First and last version that know a parameter, for parameters that not every version knows. */
const knownFrom: Record<string, [first: number, last: number]> = {
  autovacuum_vacuum_insert_scale_factor: [13, 99],
  autovacuum_vacuum_insert_threshold: [13, 99],
  autovacuum_vacuum_max_threshold: [18, 99],
  deduplicate_items: [13, 99],
  recheck_on_update: [11, 11],
  toast_tuple_target: [11, 99],
  vacuum_cleanup_index_scale_factor: [11, 13],
  vacuum_index_cleanup: [12, 99],
  vacuum_max_eager_freeze_failure_rate: [18, 99],
  vacuum_truncate: [12, 99],
};
const FIRST_WITH_COMPRESSION = 14;
const FIRST_WITH_INDEX_STATISTICS = 11;
const FIRST_WITH_STATISTICS_TARGET = 13;

function isKnown({ name }: StorageParameter, version: number): boolean {
  const [first, last] = knownFrom[name.replace(/^toast\./, '')] ?? [0, 99];
  return first <= version && version <= last;
}

/** Returns the parameters that the server knows. Adds a note for each other parameter. */
export function knownParameters<T extends StorageParameter>(
  of: string,
  { table, options, creation }: { table: Table; options: readonly T[]; creation: Creation },
): T[] {
  const { version } = creation.server;
  for (const option of options)
    if (!isKnown(option, version))
      creation.note(
        nameOf(table),
        `the storage parameter ${option.name} of ${of} is not known to PostgreSQL ${version}, and was not set`,
      );
  return options.filter((option) => isKnown(option, version));
}

function parameterList(options: readonly StorageParameter[]): string {
  return options
    .map(({ name, value }) => `${name.split('.').map(quoteIdent).join('.')} = ${quoteLiteral(value)}`)
    .join(', ');
}

/** Adds the settings of the table and its columns, before the table has rows. */
export function addSettings(table: Table, creation: Creation): void {
  const settings = creation.settings.get(table.oid);
  if (!settings) return;
  const name = nameOf(table);
  const alter = (what: string, action: string) =>
    creation.try(name, what, `alter table ${sqlName(table)} ${action}`);
  if (settings.ofType !== null) alter(`type of ${name}`, `of ${settings.ofType}`);
  const options = knownParameters(name, { table, options: settings.options, creation });
  if (options.length > 0) alter(`storage parameters of ${name}`, `set (${parameterList(options)})`);
  for (const column of settings.columns) {
    const on = (what: string, action: string) =>
      alter(`${what} of ${name}.${column.name}`, `alter column ${quoteIdent(column.name)} set ${action}`);
    if (column.statistics !== null) on('statistics target', `statistics ${column.statistics}`);
    if (column.storage !== null) on('storage', `storage ${column.storage}`);
    if (column.options.length > 0) on('parameters', `(${parameterList(column.options)})`);
    if (column.compression === null) continue;
    if (creation.server.version >= FIRST_WITH_COMPRESSION)
      on('compression', `compression ${column.compression}`);
    else
      creation.note(
        name,
        `the compression ${column.compression} of ${column.name} needs PostgreSQL ${FIRST_WITH_COMPRESSION}, and was not set`,
      );
  }
  noteUncarried(table, settings, creation);
}

function noteUncarried(table: Table, settings: TableSettings, creation: Creation): void {
  const note = (text: string) => creation.note(nameOf(table), text);
  const { role, node } = creation.server;
  if (settings.owner !== role)
    note(`it belongs to ${settings.owner} on the provider, and to ${role} on ${node}`);
  if (settings.tablespace !== null) note(`the tablespace ${settings.tablespace} was not carried over`);
  if (settings.accessMethod !== null) note(`the access method ${settings.accessMethod} was not carried over`);
  for (const { name, tablespace } of settings.indexes)
    if (tablespace !== null) note(`the tablespace ${tablespace} of the index ${name} was not carried over`);
  for (const column of table.lostSequences)
    if (!creation.defaults.has(`${nameOf(table)}.${column}`))
      note(
        `the default of ${column} calls a function that draws from a sequence, and its name is not in the text: make that sequence, and set it ahead of the one on the provider`,
      );
  for (const sequence of table.sequences.map(factName))
    if (creation.grantedSequences.has(sequence))
      note(`grants of the sequence ${sequence} were not carried over`);
}

/**
 * Adds the settings of the table's indexes, and the table settings that name an index. Skips indexes that were not created; they have a
 * note already.
 */
export function addIndexSettings(
  table: Table,
  { attached }: { attached: boolean },
  creation: Creation,
): void {
  const settings = creation.settings.get(table.oid);
  if (!settings) return;
  const name = nameOf(table);
  const made = new Set(
    table.indexes.filter((index) => !(index.inherited && attached)).map((index) => index.name),
  );
  for (const index of settings.indexes) {
    if (!made.has(index.name) || creation.isUnmade(table, index.name)) continue;
    const alter = `alter index ${quoteQualified(table.schema, index.name)}`;
    const ofConstraint = table.indexes.some((one) => one.name === index.name && one.constraint !== null);
    const options = ofConstraint
      ? knownParameters(index.name, { table, options: index.options, creation })
      : [];
    if (options.length > 0)
      creation.try(name, `storage parameters of ${index.name}`, `${alter} set (${parameterList(options)})`);
    for (const { nr, target } of index.statistics)
      if (creation.server.version >= FIRST_WITH_INDEX_STATISTICS)
        creation.try(
          name,
          `statistics target of ${index.name}`,
          `${alter} alter column ${nr} set statistics ${target}`,
        );
      else creation.note(name, `the statistics target of the index ${index.name} was not set`);
  }
  addMarks(table, settings, creation);
}

function addMarks(table: Table, settings: TableSettings, creation: Creation): void {
  const name = nameOf(table);
  const alter = `alter table ${sqlName(table)}`;
  const { replicaIdentity, identityIndex, clusterIndex } = settings;
  for (const index of new Set([clusterIndex, identityIndex]))
    if (index !== null && creation.isUnmade(table, index)) {
      creation.note(name, `the table is not marked for the index ${index}`);
      return;
    }
  if (clusterIndex !== null)
    creation.try(
      name,
      `mark of the clustered index ${clusterIndex}`,
      `${alter} cluster on ${quoteIdent(clusterIndex)}`,
    );
  if (replicaIdentity === 'f') creation.try(name, 'replica identity', `${alter} replica identity full`);
  if (replicaIdentity === 'n') creation.try(name, 'replica identity', `${alter} replica identity nothing`);
  if (replicaIdentity === 'i' && identityIndex !== null)
    creation.try(
      name,
      'replica identity',
      `${alter} replica identity using index ${quoteIdent(identityIndex)}`,
    );
}

/** Adds extended statistics. Their expressions run with the owner's rights, as those of indexes do. */
export function addExtendedStatistics(table: Table, creation: Creation): void {
  const of = nameOf(table);
  for (const one of creation.settings.get(table.oid)?.extendedStatistics ?? []) {
    const name = quoteQualified(one.schema, one.name);
    const [use] = table.foreignOwner === null ? [] : usesIn(one.definition, creation.server);
    if (use) {
      creation.note(of, `the statistics ${factName(one)} were not made: they would run ${use.what}`);
      continue;
    }
    const statements = [one.definition];
    if (one.target !== null && creation.server.version >= FIRST_WITH_STATISTICS_TARGET)
      statements.push(`alter statistics ${name} set statistics ${one.target}`);
    if (one.comment !== null)
      statements.push(`comment on statistics ${name} is ${quoteLiteral(one.comment)}`);
    creation.try(of, `statistics ${factName(one)}`, statements.join('; '));
  }
}
