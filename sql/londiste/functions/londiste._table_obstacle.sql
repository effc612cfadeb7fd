-- londiste._table_obstacle(i_queue_name, i_table)
--
-- Why a table cannot be added to a queue. A partitioned table stands for its partitions; a partition may be added alone
-- while no table above it is. Parents and children by INHERITS, whose statements reach each other's rows, are not supported.
--
-- Returns: text, a sentence; null when nothing stands against it
-- Writes: nothing
create or replace function londiste._table_obstacle(i_queue_name text, i_table oid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_other text;
begin
    select format('Table %s inherits from %s: tables with INHERITS are not supported', i.inhrelid::regclass, i.inhparent::regclass)
      into v_other
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
     where not c.relispartition and i_table in (i.inhrelid, i.inhparent)
     limit 1;
    if found then
        return v_other;
    end if;

    with recursive above as (
        select i.inhparent as oid from pg_inherits i where i.inhrelid = i_table
        union all
        select i.inhparent from above a join pg_inherits i on i.inhrelid = a.oid
    ), below as (
        select i.inhrelid as oid from pg_inherits i where i.inhparent = i_table
        union all
        select i.inhrelid from below b join pg_inherits i on i.inhparent = b.oid
    )
    select case when x.up
               then format('Table %s is a partition of %s, which is on the queue already', i_table::regclass, x.oid::regclass)
               else format('Partition %s of table %s is on the queue already: remove it first', x.oid::regclass, i_table::regclass)
           end
      into v_other
      from (select a.oid, true as up from above a union all select b.oid, false from below b) x
      join londiste.table_info t on t.queue_name = i_queue_name and t.local
       and londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) = x.oid
     order by x.oid limit 1;
    return v_other;
end;
$$;
