-- pgtide.commit_chunk(i_queue, i_table, i_chunk_no, i_attempt, i_generation, i_snapshot, i_rows, i_bytes, i_types)
--
-- On the subscriber, the last statement of the transaction of a chunk: stores the snapshot beside the rows, if this attempt
-- is still the one that counts. Before that it moves rows that COPY has written to a stage (pgtide.chunk_target) to the
-- table.
--
-- Arguments: i_types - the provider's columns (pgtide.column_types), with a table's first chunk; null with the others
-- Returns: nothing
-- Writes: pgtide.copy_chunk; the table, if there is a stage
-- Errors: TD006 the copy has started over, or another run has announced the chunk again; as pgtide.run
create or replace function pgtide.commit_chunk(i_queue text, i_table text, i_chunk_no int, i_attempt int, i_generation int,
    i_snapshot txid_snapshot, i_rows bigint, i_bytes bigint, i_types jsonb)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_move record;
begin
    if exists (select from pg_class c join pg_roles r on r.oid = c.relowner
               where c.oid = to_regclass('pg_temp.pgtide_copy_move') and r.rolname = current_user) then
        select * into strict v_move from pg_temp.pgtide_copy_move;
        perform pgtide.run(v_move.runner, v_move.statement);
    end if;
    perform from pgtide.table_state t
    where t.queue_name = i_queue and t.table_name = i_table and t.generation = i_generation and t.phase = 'copying'
    for share;
    if found then
        update pgtide.copy_chunk c
        set state = 'copied', snapshot = i_snapshot, rows = i_rows, bytes = i_bytes, types = coalesce(i_types, c.types)
        where c.queue_name = i_queue and c.table_name = i_table and c.chunk_no = i_chunk_no
          and c.state = 'announced' and c.attempt = i_attempt;
    end if;
    if not found then
        raise exception 'chunk % of % belongs to another run by now', i_chunk_no, i_table using errcode = 'TD006';
    end if;
end;
$$;
