/**
 * Finds the code that an expression of another role would run with the rights of the role that creates a table on a server: code that other
 * roles can change, and functions that do more than return a value. Names are checked as the server will resolve them, so all functions of
 * one name count: if two fit, the server might choose the other one.
 */
import { typeParts } from './type-parts.ts';

/** A function, operator or type that belongs neither to this role nor to a superuser. */
export interface ForeignObject {
  /** The object as ALTER … OWNER TO names it. */
  object: string;
  owner: string;
}

/** All entries are by `schema.name`. */
export interface ForeignCode {
  /** Functions and operators. */
  foreignFunctions: Record<string, ForeignObject[]>;
  /** Types that are foreign or are built from foreign types. Enums count, too: a cast to json is found when `to_json` runs. */
  foreignTypes: Record<string, ForeignObject[]>;
  /** Functions of PostgreSQL, of extensions and of pgtide that do more than return a value. */
  actingFunctions: string[];
}

/**
 * Functions that are volatile, or that query the server (`pg_…`), act. The functions in this list only return a value. PostgreSQL 10 marks
 * `timezone` as volatile. `nextval` also advances its sequence, as every serial column does.
 */
const harmless = `{array_sample,array_shuffle,clock_timestamp,current_query,currval,gen_random_bytes,gen_random_uuid,gen_salt,lastval,
  nextval,pg_backend_pid,pg_column_size,pg_current_snapshot,pg_current_xact_id,pg_typeof,random,random_normal,timeofday,timezone,
  uuid_generate_v1,uuid_generate_v1mc,uuid_generate_v4,uuidv4,uuidv7}`;

/**
 * The acting functions include stable functions that run a query or the check of a domain: the functions to XML, and the functions from
 * text (`cstring`), such as the input functions of types.
 */
export const foreignCodeSql = `
with recursive trusted as (
  select oid from pg_roles where rolsuper or rolname = current_user
), part as (${typeParts}), types(oid, object, owner) as (
  select t.oid, case when c.relkind <> 'c' then 'table ' else 'type ' end || format_type(t.oid, null), t.typowner
    from pg_type t left join pg_class c on c.oid = t.typrelid
   where t.typowner not in (select oid from trusted) and not (t.typelem <> 0 and t.typlen = -1)
  union
  select p.type, t.object, t.owner from types t join part p on p.needs = t.oid
), functions as (
  select p.oid, p.pronamespace, p.proname, 'function ' || p.oid::regprocedure as object, p.proowner
    from pg_proc p where p.proowner not in (select oid from trusted)
), code as (
  select pronamespace as namespace, proname as name, object, proowner as owner from functions
  union all
  select o.oprnamespace, o.oprname, f.object, f.proowner from pg_operator o join functions f on f.oid = o.oprcode
  union all
  select o.oprnamespace, o.oprname, 'operator ' || o.oid::regoperator, o.oprowner
    from pg_operator o where o.oprowner not in (select oid from trusted)
  union all
  select p.pronamespace, p.proname, t.object, t.owner from pg_proc p join types t on t.oid = p.prorettype
), named as (
  select 'function' as kind, namespace, name, object, owner from code
  union all
  select 'type', y.typnamespace, y.typname, t.object, t.owner from types t join pg_type y on y.oid = t.oid
), listed as (
  select kind, n.nspname || '.' || f.name as name,
         jsonb_agg(distinct jsonb_build_object('object', f.object, 'owner', pg_get_userbyid(f.owner))) as objects
    from named f join pg_namespace n on n.oid = f.namespace
   group by 1, 2
)
select coalesce(jsonb_object_agg(name, objects) filter (where kind = 'function'), '{}') as "foreignFunctions",
       coalesce(jsonb_object_agg(name, objects) filter (where kind = 'type'), '{}') as "foreignTypes",
       array(select distinct n.nspname || '.' || p.proname
               from pg_proc p join pg_namespace n on n.oid = p.pronamespace
              where n.nspname in ('pgtide', 'londiste', 'pgq_node', 'pgq')
                 or (p.provolatile = 'v' or p.proname ~ '^pg_|_validator$' and p.provolatile = 's' or p.proname ~ '_to_xml'
                     or 'cstring'::regtype = any (p.proargtypes))
                and p.proname <> all ('${harmless}'::text[])
                and (p.oid < 16384 or exists (
                      select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e'))
              order by 1) as "actingFunctions"
  from listed`;

const IDENTIFIER = '"(?:[^"]|"")+"|[a-z_][\\w$]*';
/** Matches a string literal, which is skipped, or a name: it may be qualified, may be an operator, and may be called. */
const NAME = new RegExp(
  `'(?:[^']|'')*'|(${IDENTIFIER})(?:\\.(${IDENTIFIER}|[-+*/<>=~!@#%^&|\`?]+))?(\\()?`,
  'gi',
);

export interface Use {
  /** The code that runs, for messages. */
  what: string;
  /** The object whose owner can be changed to solve the problem; undefined if that does not help. */
  foreign: ForeignObject | undefined;
}

/** Returns the code that an SQL text would run or use. PostgreSQL has written the text with `search_path = pg_catalog`. */
export function usesIn(sql: string, server: ForeignCode): Use[] {
  const uses = new Map<string, Use>();
  for (const [, first, second, call] of sql.matchAll(NAME)) {
    if (first === undefined) continue;
    const name = second === undefined ? `pg_catalog.${plain(first)}` : `${plain(first)}.${plain(second)}`;
    const isRun = call !== undefined || /^[^"\w]/.test(second ?? 'x');
    if (isRun && server.actingFunctions.includes(name))
      uses.set(name, { what: name.replace(/^pg_catalog\./, ''), foreign: undefined });
    for (const foreign of (isRun && server.foreignFunctions[name]) || [])
      uses.set(foreign.object, { what: `${foreign.object} of ${foreign.owner}`, foreign });
    for (const foreign of server.foreignTypes[name] ?? [])
      uses.set(foreign.object, { what: `code of ${foreign.object} of ${foreign.owner}`, foreign });
  }
  return [...uses.values()];
}

function plain(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}
