-- londiste.get_table_list(i_queue_name)
--
-- The tables of a queue, as this node knows them, in the order in which they were added. Runs with its owner's rights: londiste_reader
-- may not call what coordinates copies. It reads tables that everybody may read.
--
-- Arguments: copy_role, copy_pos - of a table in copy that several queues feed, see londiste._coordinate_copy; else null and 0
-- Returns: setof rows of londiste.table_info with copy_role and copy_pos; none for an unknown queue
-- Writes: nothing
create or replace function londiste.get_table_list(
    in i_queue_name text,
    out table_name text,
    out local boolean,
    out merge_state text,
    out custom_snapshot text,
    out table_attrs text,
    out dropped_ddl text,
    out copy_role text,
    out copy_pos int4,
    out dest_table text
) returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select t.table_name, t.local, t.merge_state, t.custom_snapshot, t.table_attrs, t.dropped_ddl,
           c.copy_role, coalesce(c.copy_pos, 0), t.dest_table
      from londiste.table_info t
      left join lateral (
          select r.copy_role, r.copy_pos from londiste._coordinate_copy(t.queue_name, t.table_name) r
           -- OFFSET 0 keeps the condition inside the subquery, so that the function is called for these tables alone.
           where t.merge_state in ('in-copy', 'catching-up') offset 0) c on true
     where t.queue_name = i_queue_name order by t.nr, t.table_name;
$$;
