-- pgtide._count_applied(i_nr, i_op, i_on_conflict, i_changed, i_missing, i_conflicts)
--
-- On the subscriber: stores how many rows of a table a step has changed.
--
-- Arguments: i_nr - the table's number in pgtide_work; i_changed, i_missing, i_conflicts - see pgtide._apply_rows;
--            i_on_conflict - as for pgtide.apply_stage
-- Returns: nothing
-- Writes: temporary table pgtide_counts
-- Errors: TD007 events found no row, and the policy is not to overwrite
--
-- Each step is a row of pgtide_counts. A counter that is updated at each event would leave a dead version behind each time,
-- and each read of it would walk over all of them. Rows that a live foreign key has deleted earlier in the same slice, along
-- with the rows they refer to, count as changed, not as missing.
create or replace function pgtide._count_applied(i_nr int, i_op text, i_on_conflict text, i_changed bigint, i_missing bigint, i_conflicts bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if i_op = 'D' and i_missing > 0 and current_setting('session_replication_role') <> 'replica' and exists (
            select from pg_temp.pgtide_work c
            join pg_constraint k on k.conrelid = c.oid and k.contype = 'f' and k.confdeltype = 'c'
            join pg_temp.pgtide_work p on p.oid = k.confrelid
            join pg_temp.pgtide_counts d on d.nr = p.nr and d.op = 'D' and d.changed > 0
            where c.nr = i_nr) then
        i_changed := i_changed + i_missing;
        i_missing := 0;
    end if;
    insert into pg_temp.pgtide_counts values (i_nr, i_op, i_changed, i_missing, i_conflicts);
    if i_missing > 0 and i_on_conflict <> 'overwrite' then
        raise exception 'table %: % % found no row to change; the subscriber''s table is not what it should be',
            (select table_name from pg_temp.pgtide_work where nr = i_nr), i_missing,
            case i_op when 'U' then 'update(s)' else 'delete(s)' end using errcode = 'TD007';
    end if;
end;
$$;
