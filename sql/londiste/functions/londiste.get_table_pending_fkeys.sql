-- londiste.get_table_pending_fkeys(i_table_name)
--
-- The dropped foreign keys from and to a table.
--
-- Arguments: i_table_name - the table's name on this node
-- Returns: setof londiste.pending_fkeys; none when there are none
-- Writes: nothing
create or replace function londiste.get_table_pending_fkeys(i_table_name text) returns setof londiste.pending_fkeys
language sql stable set search_path = pg_catalog, pg_temp as $$
    select p.* from londiste.pending_fkeys p
     where londiste.make_fqname(i_table_name) in (p.from_table, p.to_table)
     order by p.from_table, p.fkey_name;
$$;
