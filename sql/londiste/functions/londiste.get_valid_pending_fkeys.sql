-- londiste.get_valid_pending_fkeys(i_queue_name)
--
-- The dropped foreign keys that can be restored now: both tables are 'ok' without a snapshot on every queue that feeds them here.
-- A table that no queue feeds does not stand against it. Each key is given to one queue: the first by name of those that feed its
-- tables; a queue that leaves here are merged into is last if it is a root, and first if it is a branch.
--
-- Returns: setof londiste.pending_fkeys; none when there are none
-- Writes: nothing
create or replace function londiste.get_valid_pending_fkeys(i_queue_name text) returns setof londiste.pending_fkeys
language sql stable set search_path = pg_catalog, pg_temp as $$
    with fed as (
        select coalesce(t.dest_table, t.table_name) as table_name, t.queue_name,
               t.merge_state = 'ok' and t.custom_snapshot is null as settled,
               case when not exists (select 1 from pgq_node.node_info l where l.combined_queue = t.queue_name) then 1
                    when n.node_type = 'branch' then 0
                    else 2 end as turn
          from londiste.table_info t
          join pgq_node.node_info n on n.queue_name = t.queue_name
         where t.local
    )
    select p.*
      from londiste.pending_fkeys p
     where (select bool_and(coalesce(f.settled, false)) from fed f where f.table_name in (p.from_table, p.to_table))
       and i_queue_name = (select f.queue_name from fed f where f.table_name in (p.from_table, p.to_table)
                            order by f.turn, f.queue_name limit 1)
     order by p.from_table, p.fkey_name;
$$;
