import { quoteIdent, quoteLiteral, quoteQualified } from '../db/identifier.ts';
import { type Column, nameOf, type Table } from './structure.ts';
import { takesValuesOf } from './type-fit.ts';

/** A reason why a subscriber's table cannot follow a provider's. */
export interface StructureProblem {
  /** In plain English, naming the table and the column. */
  message: string;
  /** SQL to run on the subscriber, or another instruction. */
  remedy: string;
}

const kindName: Record<Table['kind'], string> = {
  r: 'a table',
  p: 'a partitioned table',
  f: 'a foreign table',
  v: 'a view',
  m: 'a materialized view',
};

/** Returns the problems that keep the subscriber's table from taking all the provider's rows; empty if there are none. */
export function compareStructure(provider: Table, subscriber: Table): StructureProblem[] {
  const wrongKind = kindProblem(provider, 'provider') ?? kindProblem(subscriber, 'subscriber');
  if (wrongKind) return [wrongKind];
  // Rows are sent without virtual columns.
  const sent = provider.columns.filter(({ generated }) => generated !== 'v');
  const problems: StructureProblem[] = [];
  for (const column of sent) {
    const there = subscriber.columns.find(({ name }) => name === column.name);
    problems.push(
      ...(there ? columnProblems(subscriber, column, there) : [missingColumn(subscriber, column)]),
    );
  }
  for (const column of subscriber.columns)
    if (!sent.some(({ name }) => name === column.name))
      problems.push(...extraColumnProblems(subscriber, column));
  return [...problems, ...keyProblems(provider, subscriber)];
}

function kindProblem(table: Table, side: string): StructureProblem | undefined {
  const name = nameOf(table);
  if (table.kind !== 'r' && table.kind !== 'p')
    return {
      message: `${name} is ${kindName[table.kind]} on the ${side}, and only tables are replicated`,
      remedy: `leave ${name} out`,
    };
  if (table.persistence === 'p') return undefined;
  const unlogged = table.persistence === 'u';
  return {
    message: `${name} is ${unlogged ? 'unlogged' : 'temporary'} on the ${side}, so its rows would not outlive a crash`,
    remedy: unlogged ? `alter table ${sqlName(table)} set logged` : `leave ${name} out`,
  };
}

function sqlName(table: Table): string {
  return quoteQualified(table.schema, table.name);
}

function alter(table: Table, action: string): string {
  return `alter table ${sqlName(table)} ${action}`;
}

function missingColumn(subscriber: Table, column: Column): StructureProblem {
  const owner = `${nameOf(subscriber)} has no column ${column.name}`;
  return {
    message: `${owner}, which the provider's has (${column.type})`,
    remedy: alter(subscriber, `add column ${quoteIdent(column.name)} ${column.type}`),
  };
}

function columnProblems(subscriber: Table, from: Column, to: Column): StructureProblem[] {
  const problems: StructureProblem[] = [];
  const where = `column ${to.name} of ${nameOf(subscriber)}`;
  if (to.generated !== '') {
    if (from.generated !== '') return [];
    return [
      {
        message: `${where} is generated on the subscriber and an ordinary one on the provider, so its values cannot be written`,
        remedy: generatedRemedy(subscriber, to),
      },
    ];
  }
  if (!takesValuesOf(from, to))
    problems.push({
      message: `${where} is ${to.type}${labelDifference(from, to)} on the subscriber, which does not take every ${from.type} of the provider`,
      remedy: typeRemedy(subscriber, from, to),
    });
  if (to.notNull && !from.notNull)
    problems.push({
      message: `${where} is not null on the subscriber, and the provider's may be null`,
      remedy: dropNotNull(subscriber, to),
    });
  return problems;
}

/** Returns the statement that drops NOT NULL. A primary key forbids nulls in its columns, so it is dropped, too. */
function dropNotNull(subscriber: Table, { name }: Column): string {
  const primary = subscriber.indexes.find((index) => index.primary && index.columns.includes(name));
  const dropKey = primary?.constraint ? `drop constraint ${quoteIdent(primary.constraint)}, ` : '';
  return alter(subscriber, `${dropKey}alter column ${quoteIdent(name)} drop not null`);
}

function generatedRemedy(subscriber: Table, column: Column): string {
  const name = quoteIdent(column.name);
  return column.generated === 's'
    ? alter(subscriber, `alter column ${name} drop expression`)
    : `make it an ordinary column: ${alter(subscriber, `drop column ${name}, add column ${name} ${column.type}`)}`;
}

function missingLabels(from: Column, to: Column): string[] {
  if (from.labels === null || to.labels === null) return [];
  return from.labels.filter((label) => !to.labels?.includes(label));
}

/**
 * Returns the value of the subscriber's enum that takes the place of a value that only the provider has: the value was renamed on the
 * provider.
 */
function renamedLabel(from: Column, to: Column, label: string): string | undefined {
  if (from.labels === null || to.labels === null) return undefined;
  const extra = to.labels.filter((one) => !from.labels?.includes(one));
  if (extra.length === 1 && missingLabels(from, to).length === 1) return extra[0];
  if (from.labels.length !== to.labels.length) return undefined;
  const there = to.labels[from.labels.indexOf(label)];
  return there !== undefined && extra.includes(there) ? there : undefined;
}

function labelDifference(from: Column, to: Column): string {
  const missing = missingLabels(from, to);
  return missing.length > 0
    ? ` without the value ${missing.map((label) => JSON.stringify(label)).join(', ')}`
    : '';
}

function typeRemedy(subscriber: Table, from: Column, to: Column): string {
  const [label] = missingLabels(from, to);
  if (label !== undefined) {
    const type = to.type.replace(/(\[\])+$/, '');
    const renamed = renamedLabel(from, to, label);
    // If the value is renamed, rows that hold the old name get the new one. If a value were added, those rows would keep the old name.
    return renamed === undefined
      ? `alter type ${type} add value ${quoteLiteral(label)}`
      : `alter type ${type} rename value ${quoteLiteral(renamed)} to ${quoteLiteral(label)}`;
  }
  const name = quoteIdent(to.name);
  return alter(subscriber, `alter column ${name} type ${from.type} using ${name}::text::${from.type}`);
}

function extraColumnProblems(subscriber: Table, column: Column): StructureProblem[] {
  if (!column.notNull || column.default !== null || column.identity !== '' || column.generated !== '')
    return [];
  return [
    {
      message: `column ${column.name} of ${nameOf(subscriber)} is not null without a default, and the provider does not send it`,
      remedy: dropNotNull(subscriber, column),
    },
  ];
}

/** Rows are found by the provider's key, so the subscriber must have the same key; the order of its columns does not matter. */
function keyProblems(provider: Table, subscriber: Table): StructureProblem[] {
  const { key } = provider;
  if (key.length === 0) return [];
  const wanted = [...key].sort().join('\0');
  if (subscriber.keys.some((columns) => [...columns].sort().join('\0') === wanted)) return [];
  if (key.some((column) => !subscriber.columns.some(({ name }) => name === column))) return [];
  const name = nameOf(subscriber);
  const list = key.join(', ');
  const primary = subscriber.indexes.find((index) => index.primary);
  const columns = key.map(quoteIdent).join(', ');
  const nullable = key.filter((k) =>
    subscriber.columns.some((column) => column.name === k && !column.notNull),
  );
  const notNull = nullable.map((column) => `alter column ${quoteIdent(column)} set not null`);
  return [
    {
      message:
        subscriber.key.length > 0
          ? `${name} has the key (${subscriber.key.join(', ')}) on the subscriber, and (${list}) on the provider`
          : `${name} has no key on the subscriber; the provider's is (${list})`,
      remedy: primary
        ? alter(subscriber, [...notNull, `add unique (${columns})`].join(', '))
        : alter(subscriber, `add primary key (${columns})`),
    },
  ];
}
