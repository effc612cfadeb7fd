-- pgtide.count_applied(i_nr, i_op, i_on_conflict, i_changed, i_missing, i_conflicts) returns void
--
-- Adds to a table's counts in pgtide_work. Raises TD007 when events found no row, unless the policy is to overwrite. Rows that
-- a live foreign key has deleted along with the rows they refer to, earlier in the same slice, are not missing.
create or replace function pgtide.count_applied(i_nr int, i_op text, i_on_conflict text, i_changed bigint, i_missing bigint, i_conflicts bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table text;
begin
    if i_op = 'D' and i_missing > 0 and current_setting('session_replication_role') <> 'replica' and exists (
            select from pg_temp.pgtide_work c
            join pg_constraint k on k.conrelid = c.oid and k.contype = 'f' and k.confdeltype = 'c'
            join pg_temp.pgtide_work p on p.oid = k.confrelid and p.deleted > 0
            where c.nr = i_nr) then
        i_changed := i_changed + i_missing;
        i_missing := 0;
    end if;
    update pg_temp.pgtide_work
    set inserted = inserted + case when i_op = 'I' then i_changed else 0 end,
        updated = updated + case when i_op = 'U' then i_changed else 0 end,
        deleted = deleted + case when i_op = 'D' then i_changed else 0 end,
        missing = missing + i_missing, conflicts = conflicts + i_conflicts
    where nr = i_nr
    returning table_name into v_table;
    if i_missing > 0 and i_on_conflict <> 'overwrite' then
        raise exception 'table %: % % found no row to change; the subscriber''s table is not what it should be',
            v_table, i_missing, case i_op when 'U' then 'update(s)' else 'delete(s)' end using errcode = 'TD007';
    end if;
end;
$$;
