/** The types that each type consists of: (type, needs), for arrays, domains, composites, ranges and multiranges. */
export const typeParts = `
  select t.oid as type, t.typelem as needs from pg_type t where t.typelem <> 0 and t.typlen = -1
  union all select t.oid, t.typbasetype from pg_type t where t.typtype = 'd'
  union all select t.oid, a.atttypid from pg_type t join pg_attribute a on a.attrelid = t.typrelid
             where t.typtype = 'c' and a.attnum > 0 and not a.attisdropped
  union all select r.rngtypid, r.rngsubtype from pg_range r
  union all select (to_jsonb(r)->>'rngmultitypid')::oid, r.rngtypid from pg_range r`;
