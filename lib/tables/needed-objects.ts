import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import type { Creation } from './creation.ts';

/** $1: oids of tables. Extensions and functions that their columns, defaults, constraints and indexes stand on. */
const neededObjectsSql = `
with part(classid, objid, root) as (
  select 'pg_class'::regclass::oid, t, t from unnest($1::oid[]) t
  union all select 'pg_attrdef'::regclass, a.oid, a.adrelid from pg_attrdef a where a.adrelid = any ($1::oid[])
  union all select 'pg_constraint'::regclass, k.oid, k.conrelid from pg_constraint k where k.conrelid = any ($1::oid[])
  union all select 'pg_class'::regclass, i.indexrelid, i.indrelid from pg_index i where i.indrelid = any ($1::oid[])
)
select distinct r.relname::text as table, x.extname::text as extension,
       case when x.oid is null then f.oid::regprocedure::text end as function
  from part p
  join pg_class r on r.oid = p.root
  join pg_depend d on d.classid = p.classid and d.objid = p.objid
  left join pg_depend e on e.classid = d.refclassid and e.objid = d.refobjid and e.deptype = 'e'
  left join pg_extension x on x.oid = e.refobjid
  left join pg_proc f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid and f.oid >= 16384
 where x.oid is not null or f.oid is not null
 order by 1, 2, 3`;

/** Refuses what the tables stand on and the subscriber lacks: it cannot be made from here. */
export async function requireObjects(
  provider: Client,
  tables: { oids: readonly number[]; typeExtensions: readonly string[] },
  creation: Creation,
): Promise<void> {
  const rows = await provider.query<{ table: string; extension: string | null; function: string | null }>(
    neededObjectsSql,
    [tables.oids],
  );
  const extensions = new Set([...tables.typeExtensions, ...rows.flatMap(({ extension }) => extension ?? [])]);
  for (const extension of extensions)
    if (!creation.server.extensions[extension])
      creation.refuse(
        `the extension ${extension}, which the tables need, is not there`,
        `create extension ${quoteIdent(extension)}`,
      );
  const functions = new Map(
    rows.flatMap((row) => (row.function === null ? [] : [[row.function, row.table] as const])),
  );
  for (const [name, table] of functions)
    if (!creation.server.functions.includes(name))
      creation.refuse(
        `the function ${name}, which ${table} needs, is not there`,
        `create the function ${name} there first`,
      );
}
