-- londiste.find_table_fkeys(i_table_name)
--
-- The foreign keys from and to a table.
--
-- Arguments: i_table_name - the table's name on this node
-- Returns: setof londiste.pending_fkeys; none when there are none
-- Writes: nothing
create or replace function londiste.find_table_fkeys(i_table_name text) returns setof londiste.pending_fkeys
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_table oid := londiste.find_table_oid(i_table_name);
begin
    -- Constraints that follow from one on a partitioned table have conparentid (PostgreSQL 11 and later).
    return query
        select fn.nspname || '.' || f.relname, tn.nspname || '.' || t.relname, c.conname::text,
               format('alter table %s%I.%I add constraint %I %s', case when f.relkind = 'p' then '' else 'only ' end,
                      fn.nspname, f.relname, c.conname, pg_get_constraintdef(c.oid))
          from pg_constraint c
          join pg_class f on f.oid = c.conrelid join pg_namespace fn on fn.oid = f.relnamespace
          join pg_class t on t.oid = c.confrelid join pg_namespace tn on tn.oid = t.relnamespace
         where c.contype = 'f' and v_table in (c.conrelid, c.confrelid)
           and coalesce((to_jsonb(c) ->> 'conparentid')::oid, 0) = 0
         order by 1, 3;
end;
$$;
