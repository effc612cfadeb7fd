/**
 * Finds the sequences that supply the values of a table's columns: sequences that a column owns, sequences that a default names, and
 * sequences that only the functions name that a default calls, as far as the text shows it.
 *
 * The text of functions shows a sequence in one of two ways:
 * - The sequence's name is a word of the default or of a function that draws from a sequence and that the default calls, directly or
 *   through another function.
 * - The sequence has the name that PostgreSQL gives the sequence of a serial column. This covers functions that compose the name.
 *
 * If sequences of several schemas have the same name, the one in the schema of the table or of the function is meant. Sequences that the
 * role may not read are skipped: nothing indicates that they are needed.
 *
 * Each text is read and split into words once (offset 0), and words are joined with names.
 */
import { ownSchemas } from './own-schemas.ts';

const words = (text: string) => `
    cross join lateral (select pg_catalog.regexp_split_to_array(${text}, '[^[:alnum:]_$]+') as words offset 0) t`;
const own = ownSchemas.map((schema) => `'${schema}'`).join(', ');

/** The functions that defaults of `oids` call, directly or through other functions, and that draw from sequences. */
const drawing = (oids: string) => `
direct(relation, attnum, function) as (
  select a.adrelid, a.adnum, d.refobjid
    from pg_catalog.pg_attrdef a
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = a.oid
     and d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid >= 16384
   where a.adrelid = any (${oids})
), reached(start, function) as (
  select distinct function, function from direct
  union
  select r.start, p.oid
    from reached r
    join pg_catalog.pg_proc f on f.oid = r.function${words('f.prosrc')}
    join pg_catalog.pg_proc p on p.oid >= 16384 and p.proname = any (t.words)
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspname not in (${own})
), source(start, namespace, text) as (
  select r.start, p.pronamespace, p.prosrc
    from reached r cross join lateral (
      select p.pronamespace, p.prosrc from pg_catalog.pg_proc p where p.oid = r.function offset 0) p
   where p.prosrc ~* '\\mnextval\\M'
), drawing as (
  select d.relation, d.attnum, a.attname, c.relname, c.relnamespace as namespace, s.namespace as "functionNamespace",
         s.text || ' ' || pg_catalog.pg_get_expr(e.adbin, e.adrelid) as text
    from direct d
    join source s on s.start = d.function
    join pg_catalog.pg_class c on c.oid = d.relation
    join pg_catalog.pg_attribute a on a.attrelid = d.relation and a.attnum = d.attnum
    join pg_catalog.pg_attrdef e on e.adrelid = d.relation and e.adnum = d.attnum
), sequences as (
  select s.oid, s.relname as name, s.relnamespace as namespace, n.nspname as schema
    from pg_catalog.pg_class s
    join pg_catalog.pg_namespace n on n.oid = s.relnamespace and n.nspname not in (${own})
   where case when s.relkind = 'S' then pg_catalog.has_sequence_privilege(s.oid, 'SELECT') else false end
), drawn as (
  select w.*, s.oid as sequence, s.namespace as place, s.schema
    from drawing w${words('w.text')}
    cross join lateral unnest(t.words) u (word)
    join sequences s on s.name = u.word
  union all
  select w.*, s.oid, s.namespace, s.schema
    from sequences s join drawing w on pg_catalog.strpos(w.text, pg_catalog.quote_ident(s.name)) > 0
   where s.name !~ '^[[:alnum:]_$]+$'
)`;

/**
 * The body of WITH RECURSIVE whose last part is `used(relation, sequence, attnum, identity, owned)`; its `sequence` may also be another
 * relation. `oids` is an SQL expression: an array of the tables' OIDs. UNION, unlike UNION ALL, is computed once, however often the plan
 * reads it.
 */
export const sequenceUses = (oids: string) => `${drawing(oids)}, used as (
  select d.refobjid as relation, d.objid as sequence, d.refobjsubid as attnum, d.deptype = 'i' as identity, true as owned
    from pg_catalog.pg_depend d
   where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
     and d.refobjid = any (${oids}) and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  union
  select a.adrelid, d.refobjid, a.adnum, false, false
    from pg_catalog.pg_attrdef a
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = a.oid
     and d.refclassid = 'pg_catalog.pg_class'::regclass
   where a.adrelid = any (${oids})
  union
  select w.relation, w.sequence, w.attnum, false, false
    from drawn w
   where w.place in (w.namespace, w."functionNamespace")
      or pg_catalog.strpos(w.text, w.schema || '.') > 0 or pg_catalog.strpos(w.text, pg_catalog.quote_ident(w.schema) || '.') > 0
  union
  select w.relation, s.oid, w.attnum, false, false
    from drawing w join sequences s on s.namespace = w.namespace and s.name = w.relname || '_' || w.attname || '_seq'
)`;

/** $1: oids of relations. Returns the columns whose default draws from a sequence that cannot be determined. */
export const lostSequencesSql = `
with recursive ${sequenceUses('$1::oid[]')}
select w.relation as table, w.attname::text as column from drawing w
except
select u.relation, a.attname::text
  from used u
  join pg_class s on s.oid = u.sequence and s.relkind = 'S'
  join pg_attribute a on a.attrelid = u.relation and a.attnum = u.attnum
 order by 1, 2`;
