-- londiste.local_show_missing(i_queue_name)
--
-- What could follow the queue on this node and does not: on the root all tables and sequences of the database, elsewhere those
-- on the queue. Of a partitioned table the partitions are listed, since Londiste's workers can follow these alone, unless the
-- table itself follows. What belongs to an extension is left out. Runs with its owner's rights: londiste_reader may not call functions
-- of schema pgtide. It reads the catalog and tables that everybody may read.
--
-- Returns: setof (obj_kind 'r' or 'S', obj_name); none when nothing is missing
-- Writes: nothing
-- Errors: TD002 no such queue
create or replace function londiste.local_show_missing(
    in i_queue_name text,
    out obj_kind text,
    out obj_name text
) returns setof record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if pgq_node.is_root_node(i_queue_name) then
        return query
            select (case c.relkind when 'S' then 'S' else 'r' end)::text, n.nspname || '.' || c.relname
              from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'S') and c.relpersistence <> 't'
               and n.nspname not in ('pgq', 'pgq_ext', 'pgq_coop', 'pgq_node', 'londiste', 'pgtide', 'pg_catalog',
                                     'information_schema')
               and n.nspname !~ '^pg_(toast|temp)'
               and not exists (select 1 from pg_depend d
                                where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
               and not exists (select 1 from londiste.table_info t
                                where t.queue_name = i_queue_name and t.local
                                  and coalesce(t.dest_table, t.table_name) = n.nspname || '.' || c.relname)
               and not (c.relispartition and exists (
                   select 1 from londiste.table_info t
                    where t.queue_name = i_queue_name and t.local
                      and pgtide.is_under(c.oid, londiste.find_table_oid(coalesce(t.dest_table, t.table_name)))))
               and not exists (select 1 from londiste.seq_info s
                                where s.queue_name = i_queue_name and s.local and s.seq_name = n.nspname || '.' || c.relname)
             order by 1, 2;
    else
        return query
            select 'S'::text, s.seq_name from londiste.seq_info s where s.queue_name = i_queue_name and not s.local
            union all
            select 'r', t.table_name from londiste.table_info t where t.queue_name = i_queue_name and not t.local
            order by 1, 2;
    end if;
end;
$$;
