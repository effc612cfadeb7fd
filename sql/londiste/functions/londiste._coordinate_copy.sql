-- londiste._coordinate_copy(i_queue_name, i_table_name)
--
-- How the copy of a table that several queues feed goes along with the copies of the others, as Londiste's copy processes ask. The lead,
-- the first queue by name, drops indexes and keys (dropped_ddl) before it copies, and restores them after all have copied.
--
-- Returns: copy_role - lead: may drop and copy; wait-copy: waits for the lead to drop; wait-replay: copies, then waits for the
--          lead to restore; null: goes on by itself; copy_pos - how many of the others copy before it
-- Writes: nothing
create or replace function londiste._coordinate_copy(
    in i_queue_name text,
    in i_table_name text,
    out copy_role text,
    out copy_pos int4
) returns record
language sql stable set search_path = pg_catalog, pg_temp as $$
    with own as (
        select t.* from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = i_table_name
    ), feeding as (
        select t.* from own t
        union all
        select s.* from own t, londiste._other_sources(t.queue_name, coalesce(t.dest_table, t.table_name)) s
         where s.local and s.merge_state is distinct from 'ok'
    ), all_of_it as (
        select count(*) as parts,
               count(*) filter (where f.merge_state <> 'in-copy') as done,
               bool_or(f.dropped_ddl is not null) as dropped,
               coalesce(min(f.queue_name) filter (where f.dropped_ddl is not null), min(f.queue_name)) = i_queue_name as leads,
               count(*) filter (where f.queue_name < i_queue_name and f.merge_state = 'in-copy') as before
          from feeding f
    )
    select case when a.parts = 1 then null
                when o.merge_state = 'in-copy' and a.leads
                then case when o.dropped_ddl is null and a.done > 0 then 'wait-replay' else 'lead' end
                when o.merge_state = 'in-copy' then case when a.dropped or a.done > 0 then 'wait-replay' else 'wait-copy' end
                when o.merge_state = 'catching-up' and a.dropped and not (a.leads and a.done = a.parts) then 'wait-replay' end,
           case when o.merge_state = 'in-copy' and not (a.parts > 1 and a.leads) then a.before else 0 end::int4
      from own o, all_of_it a;
$$;
