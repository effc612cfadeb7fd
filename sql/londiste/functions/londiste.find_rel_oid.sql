-- londiste.find_rel_oid(i_fqname, i_kind)
--
-- Finds a relation by its global name: schema.name as plain text, with nothing quoted. Every dot is tried as the one
-- between the two, the first one first.
--
-- Arguments: i_kind - 'r': table, also a partitioned one; 'S': sequence; other kinds as pg_class.relkind
-- Returns: oid; null when there is none
-- Writes: nothing
create or replace function londiste.find_rel_oid(i_fqname text, i_kind text) returns oid
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select c.oid
          from (select londiste.make_fqname(i_fqname) as name) f
         cross join generate_series(2, length(f.name) - 1) dot(pos)
          join pg_namespace n on n.nspname = substr(f.name, 1, dot.pos - 1)
          join pg_class c on c.relnamespace = n.oid and c.relname = substr(f.name, dot.pos + 1)
         where substr(f.name, dot.pos, 1) = '.'
           and (c.relkind::text = i_kind or (i_kind = 'r' and c.relkind = 'p'))
         order by dot.pos limit 1);
end;
$$;
