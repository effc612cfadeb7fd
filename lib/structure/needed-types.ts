/** The types that tables need. Enums, domains, composites and ranges are created; the types of an extension must exist. */
import type { Client } from '../db/client.ts';
import { quoteIdent, quoteLiteral, quoteQualified } from '../db/identifier.ts';
import { type Creation, factName } from './creation.ts';
import { refuseForeignCode } from './creation-code.ts';
import { usesIn } from './foreign-code.ts';
import { addSchemas } from './schema-statements.ts';
import type { RelationName } from './structure.ts';
import { typeParts } from './type-parts.ts';

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
const neededTypesSql = `
with recursive part as (${typeParts}
), needed(oid) as (
  select unnest($1::oid[]) union select p.needs from needed n join part p on p.type = n.oid
)
select t.oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind,
       array(select p.needs from part p where p.type = t.oid) as needs,
       x.extname::text as extension, xn.nspname::text as "extensionSchema",
       t.typelem <> 0 and t.typlen = -1 and t.typtype = 'b' as array,
       coalesce(c.relkind <> 'c', false) as "rowType",
       (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base,
       t.typnotnull as "notNull", pg_get_expr(t.typdefaultbin, 0) as default,
       case when t.typtype = 'd' and t.typcollation <> b.typcollation then (
         select jsonb_build_object('schema', cn.nspname, 'name', k.collname)
           from pg_collation k join pg_namespace cn on cn.oid = k.collnamespace where k.oid = t.typcollation) end as collation,
       (select jsonb_agg(jsonb_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid),
                                            'validated', k.convalidated) order by k.conname)
          from pg_constraint k where k.contypid = t.oid and k.contype = 'c') as checks,
       (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'collation',
                 (select jsonb_build_object('schema', cn.nspname, 'name', k.collname)
                    from pg_collation k join pg_namespace cn on cn.oid = k.collnamespace
                   where k.oid = a.attcollation and a.attcollation <> at.typcollation)) order by a.attnum)
          from pg_attribute a join pg_type at on at.oid = a.atttypid
         where a.attrelid = t.typrelid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped) as attributes,
       (select jsonb_build_object('subtype', format_type(r.rngsubtype, null), 'canonical', r.rngcanonical <> 0, 'opclass',
                 (select jsonb_build_object('schema', n.nspname, 'name', o.opcname) from pg_opclass o
                    join pg_namespace n on n.oid = o.opcnamespace where o.oid = r.rngsubopc and not o.opcdefault),
               'collation',
                 (select jsonb_build_object('schema', n.nspname, 'name', k.collname) from pg_collation k
                    join pg_namespace n on n.oid = k.collnamespace join pg_type s on s.oid = r.rngsubtype
                   where k.oid = r.rngcollation and r.rngcollation <> s.typcollation))
          from pg_range r where r.rngtypid = t.oid) as range,
       obj_description(t.oid, 'pg_type') as comment,
       (select r.rolname::text from pg_roles r
         where r.oid = t.typowner and not r.rolsuper and r.rolname <> current_user) as "foreignOwner"
  from needed d
  join pg_type t on t.oid = d.oid
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  left join pg_type b on b.oid = t.typbasetype
  left join pg_depend e on e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e'
  left join pg_extension x on x.oid = e.refobjid
  left join pg_namespace xn on xn.oid = x.extnamespace
 where t.oid >= 16384
 order by t.oid`;

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
