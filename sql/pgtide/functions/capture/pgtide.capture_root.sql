-- pgtide.capture_root(i_table, i_queue_id, i_root, i_name, i_below)
--
-- Called by captures: the replicated table to which the rows of i_table belong now: itself, or the partitioned table above it.
--
-- Arguments: i_root - what the capture was made for; null: the capture was made for another table than i_table (see
--            pgtide._capture_function); i_name - the name that i_root had then; i_below - true if it was made for a partition
-- Returns: oid; null if they belong to none: i_table was a partition, and was detached
-- Writes: nothing
--
-- An OID is trusted only together with its name. Otherwise the topmost table is meant that has the queue's capture: of a
-- partitioned table and its partitions all have it, but only the replicated table's function was made for the table itself
-- (pgtide._capture_made_for), also if its OIDs are others now.
--
-- Volatile: it reads what is committed now, whatever statement asks.
create or replace function pgtide.capture_root(i_table oid, i_queue_id int, i_root oid, i_name text, i_below bool)
returns oid language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    with recursive up as (
        select i_table as relation, 0 as height
        union all
        select i.inhparent, u.height + 1
        from up u
        join pg_class c on c.oid = u.relation and c.relispartition
        join pg_inherits i on i.inhrelid = u.relation
    )
    select coalesce(
        (select u.relation from up u where u.relation = i_root and pgtide.table_name(u.relation) = i_name),
        (select u.relation
         from up u
         where case when u.height > 0 or not i_below then
                    exists (select from pgtide.capture_triggers(i_queue_id, u.relation) g join pg_proc p on p.oid = g.function
                            where p.prosrc ~ 'Written by \w+ for (\d+) \1 into')
                else exists (select from londiste.table_info t join pgq.queue q on q.queue_name = t.queue_name
                             where q.queue_id = i_queue_id and t.local and coalesce(t.dest_table, t.table_name) = pgtide.table_name(u.relation)) end
         order by u.height desc limit 1));
$$;
