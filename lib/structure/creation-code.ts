/**
 * Objects that are created on a subscriber belong to the role that replicates, and their expressions run with that role's rights. So the
 * expressions of another role of the provider must not run code that other roles can change on the subscriber, or functions that do more
 * than return a value. The check reads the texts that the subscriber receives, because names can change on the provider while they are
 * read.
 */
import { quoteIdent } from '../db/identifier.ts';
import type { Creation } from './creation.ts';
import { usesIn } from './foreign-code.ts';
import { nameOf, type Table } from './structure.ts';

export interface Authored {
  /** `schema.name` */
  name: string;
  /** The owner on the provider; null if that is the role that replicates there or a superuser. */
  foreignOwner: string | null;
  /** The parts of its definition, as SQL; null if it does not have the part. */
  parts: { what: string; sql: string | null }[];
  /** What to do instead. */
  remedy: string;
}

/** Refuses an object whose code would run with rights that its author does not have. */
export function refuseForeignCode({ name, foreignOwner, parts, remedy }: Authored, creation: Creation): void {
  if (foreignOwner === null) return;
  const { role } = creation.server;
  for (const { what, sql } of parts)
    for (const use of usesIn(sql ?? '', creation.server))
      creation.refuse(
        `${name} belongs to ${foreignOwner} on the provider: its ${what} would run ${use.what} with the rights of ${role}`,
        use.foreign === undefined
          ? remedy
          : `alter ${use.foreign.object} owner to ${quoteIdent(role)}, or ${remedy}`,
        'privilege',
      );
}

export function refuseTableCode(table: Table, { attached }: { attached: boolean }, creation: Creation): void {
  const name = nameOf(table);
  const columns = table.columns.flatMap((column) => [
    { what: `column ${column.name}`, sql: column.type },
    {
      what: `${column.generated === '' ? 'default of' : 'generated column'} ${column.name}`,
      sql: creation.defaults.has(`${name}.${column.name}`) ? null : column.default,
    },
  ]);
  const checks = table.checks.filter(({ validated }) => validated);
  const indexes = table.indexes.filter(({ inherited }) => !(inherited && attached));
  const parts = [
    ...columns,
    ...checks.map((check) => ({ what: `check ${check.name}`, sql: check.definition })),
    ...indexes.map((index) =>
      index.constraint === null
        ? { what: `index ${index.name}`, sql: index.definition }
        : { what: `constraint ${index.constraint}`, sql: index.constraintDefinition },
    ),
    { what: 'partition key', sql: table.partitionKey },
  ];
  const remedy = `make ${name} there as its owner, and add it without --create`;
  refuseForeignCode({ name, foreignOwner: table.foreignOwner, parts, remedy }, creation);
}
