-- pgq._create_event_index(i_table)
--
-- Creates the index by which the batches of an event table or row table are read, unless it exists, and drops the one that earlier versions
-- created. It is called while the table is empty.
--
-- Arguments: i_table - its name, quoted
-- Returns: nothing
-- Writes: creates <table>_txid_id_idx; drops <table>_txid_idx
--
-- A batch is found by ev_txid. A slice is also found by ev_id, because one transaction may be larger than a slice. To index ids as they are would
-- cost a capture a third more. Ids without their last 12 bits cost next to nothing: many rows of a statement have the same index value, which
-- PostgreSQL 13 and later store once. Entries between the slice and the beginning or end of the batch are passed over within the index.
create or replace function pgq._create_event_index(i_table text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_schema name;
    v_name name;
begin
    select n.nspname, c.relname into v_schema, v_name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table::regclass;
    if to_regclass(format('%I.%I', v_schema, v_name || '_txid_id_idx')) is null then
        execute format('create index %I on %s (ev_txid, (ev_id >> 12))', v_name || '_txid_id_idx', i_table);
    end if;
    if to_regclass(format('%I.%I', v_schema, v_name || '_txid_idx')) is not null then
        execute format('drop index %I.%I', v_schema, v_name || '_txid_idx');
    end if;
end;
$$;
