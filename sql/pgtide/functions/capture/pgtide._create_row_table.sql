-- pgtide._create_row_table(i_queue_id, i_root [, i_may])
--
-- Creates the row table (pgtide._row_table) of a captured table's present shape, unless it exists, or the table's changes are written as
-- events.
--
-- Arguments: i_may - false: does not create it
-- Returns: prefix, its name without the number of the event table; null if the changes are written as events; created, whether it was
--          created now, or is in use again; lacking, whether it does not exist because i_may is false
-- Writes: as pgq._create_row_table
create or replace function pgtide._create_row_table(i_queue_id int, i_root oid, i_may bool default true,
    out prefix text, out created bool, out lacking bool)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows record;
begin
    select r.* into v_rows from pgtide._row_table(i_queue_id, i_root) r;
    created := v_rows.columns is not null and v_rows.prefix is null;
    lacking := created and not i_may;
    created := created and i_may;
    if v_rows.columns is not null and not lacking then
        -- Also if it exists: it must not be retired while a capture that writes it is made.
        prefix := pgq._create_row_table(v_rows.columns, v_rows.definition);
    end if;
end;
$$;
