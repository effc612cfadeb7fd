/** The types that tables need. Enums, domains, composites and ranges are created; the types of an extension must exist. */
import type { Client } from '../db/client.ts';
import { quoteIdent, quoteLiteral, quoteQualified } from '../db/identifier.ts';
import { sqlText } from '../db/sql-text.ts';
import { type Creation, factName } from './creation.ts';
import { refuseForeignCode } from './creation-code.ts';
import { usesIn } from './foreign-code.ts';
import { addSchemas } from './schema-statements.ts';
import type { RelationName } from './structure.ts';

interface NeededType extends RelationName {
  oid: number;
  /** `e` enum, `d` domain, `c` composite, `r` range, `m` multirange, `b` base or array. */
  kind: string;
  needs: number[];
  extension: string | null;
  extensionSchema: string | null;
  array: boolean;
  /** True for the row type of a table or view. */
  rowType: boolean;
  labels: string[] | null;
  base: string | null;
  notNull: boolean;
  default: string | null;
  collation: RelationName | null;
  checks: { name: string; definition: string; validated: boolean }[] | null;
  attributes: { name: string; type: string; collation: RelationName | null }[] | null;
  range: {
    subtype: string;
    opclass: RelationName | null;
    collation: RelationName | null;
    canonical: boolean;
  } | null;
  comment: string | null;
  /** The owner; null if that is this role or a superuser. */
  foreignOwner: string | null;
}

/** $1: oids of the columns' types. System types are skipped. */
const neededTypesSql = sqlText('structure/needed-types.sql');

/** Adds the creation of the types and of their schemas, in the order in which the types depend on each other. */
export async function addTypes(
  provider: Client,
  tableOfType: ReadonlyMap<number, string>,
  creation: Creation,
): Promise<{ extensions: string[]; made: number[] }> {
  const types = await provider.query<NeededType>(neededTypesSql, [[...tableOfType.keys()]]);
  const done = new Set<number>();
  const make: NeededType[] = [];
  const visit = (oid: number, table: string): void => {
    const type = types.find((other) => other.oid === oid);
    if (!type || done.has(oid)) return;
    done.add(oid);
    creation.belongs(factName(type), table);
    if (type.extension === null) for (const needed of type.needs) visit(needed, table);
    make.push(type);
  };
  for (const [oid, table] of tableOfType) visit(oid, table);
  const wanted = make.filter((type) => isToBeMade(type, creation));
  addSchemas(wanted, creation);
  for (const type of wanted) {
    refuseTypeCode(type, creation);
    addType(type, creation);
    creation.server.types[factName(type)] = { labels: type.labels };
  }
  return {
    extensions: [...new Set(types.flatMap(({ extension }) => extension ?? []))],
    made: wanted.map(({ oid }) => oid),
  };
}

function isToBeMade(type: NeededType, creation: Creation): boolean {
  const name = factName(type);
  if (type.extension !== null) {
    const there = creation.server.extensions[type.extension];
    // A missing extension is reported by requireObjects.
    if (there && there.schema !== type.extensionSchema)
      creation.refuse(
        `the extension ${type.extension}, whose type ${type.name} is needed, is in schema ${there.schema}, and in ${type.extensionSchema} on the provider`,
        `alter extension ${quoteIdent(type.extension)} set schema ${quoteIdent(type.extensionSchema ?? '')}`,
      );
    return false;
  }
  if (type.array || type.kind === 'm') return false;
  const there = creation.server.types[name];
  if (there) {
    const lacking = (type.labels ?? []).filter((label) => !there.labels?.includes(label));
    if (lacking.length > 0)
      creation.refuse(
        `the type ${name} is there already, without the value ${lacking.map((l) => JSON.stringify(l)).join(', ')}`,
        `alter type ${quoteQualified(type.schema, type.name)} add value ${quoteLiteral(lacking[0] ?? '')}`,
      );
    return false;
  }
  if (type.rowType) {
    creation.refuse(
      `a column has the row type of ${name}, which is no type of its own`,
      `create ${name} there first`,
    );
    return false;
  }
  if (type.kind === 'b' || type.kind === 'p' || type.range?.canonical) {
    creation.refuse(
      `the type ${name} cannot be made from the catalog`,
      `create the type ${name} there first`,
    );
    return false;
  }
  return true;
}

/**
 * Refuses a type that runs foreign code. A type that is built from a foreign type is foreign, too: a table of another role must not use it,
 * whichever role has defined it.
 */
function refuseTypeCode(type: NeededType, creation: Creation): void {
  const name = factName(type);
  const madeOf = [
    { what: 'base', sql: type.base },
    { what: 'subtype', sql: type.range?.subtype ?? null },
    ...(type.attributes ?? []).map((one) => ({ what: `attribute ${one.name}`, sql: one.type })),
  ];
  const checks = (type.checks ?? []).filter(({ validated }) => validated);
  const parts = [
    ...madeOf,
    { what: 'default', sql: type.default },
    ...checks.map((check) => ({ what: `check ${check.name}`, sql: check.definition })),
  ];
  const remedy = `create the type ${name} there first`;
  refuseForeignCode({ name, foreignOwner: type.foreignOwner, parts, remedy }, creation);
  const uses = madeOf.flatMap(({ sql }) => usesIn(sql ?? '', creation.server));
  creation.server.foreignTypes[name] = uses.flatMap(({ foreign }) => foreign ?? []);
}

function addType(type: NeededType, creation: Creation): void {
  const name = quoteQualified(type.schema, type.name);
  const domain = type.kind === 'd';
  creation.add(
    `type ${factName(type)}`,
    domain ? createDomain(type, name, creation) : `create type ${name} as ${body(type, creation)}`,
  );
  if (type.comment !== null)
    creation.add(
      `comment on ${factName(type)}`,
      `comment on ${domain ? 'domain' : 'type'} ${name} is ${quoteLiteral(type.comment)}`,
    );
}

function body(type: NeededType, creation: Creation): string {
  if (type.kind === 'e') return `enum (${(type.labels ?? []).map(quoteLiteral).join(', ')})`;
  const owner = factName(type);
  if (type.range) {
    const { subtype, opclass, collation } = type.range;
    const options = [`subtype = ${subtype}`];
    if (opclass) options.push(`subtype_opclass = ${quoteQualified(opclass.schema, opclass.name)}`);
    if (collation) options.push(`collation = ${quoteQualified(collation.schema, collation.name)}`);
    return `range (${options.join(', ')})`;
  }
  const attributes = (type.attributes ?? []).map(
    (a) => `${quoteIdent(a.name)} ${a.type}${collate(a.collation, { owner, creation })}`,
  );
  return `(${attributes.join(', ')})`;
}

function createDomain(type: NeededType, name: string, creation: Creation): string {
  const owner = factName(type);
  const clauses = [`create domain ${name} as ${type.base}${collate(type.collation, { owner, creation })}`];
  if (type.default !== null) clauses.push(`default ${type.default}`);
  if (type.notNull) clauses.push('not null');
  for (const check of type.checks ?? []) {
    if (check.validated) clauses.push(`constraint ${quoteIdent(check.name)} ${check.definition}`);
    else creation.note(owner, `the check ${check.name} is not validated on the provider, and was not made`);
  }
  return clauses.join(' ');
}

/** Returns a COLLATE clause; adds a note if the server does not have the collation. */
export function collate(
  collation: RelationName | null,
  { owner, creation }: { owner: string; creation: Creation },
): string {
  if (!collation) return '';
  if (creation.server.collations.includes(factName(collation)))
    return ` collate ${quoteQualified(collation.schema, collation.name)}`;
  creation.note(
    owner,
    `the collation ${factName(collation)} is not on ${creation.server.node}; the default one is used`,
  );
  return '';
}
