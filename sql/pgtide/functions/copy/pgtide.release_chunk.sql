-- pgtide.release_chunk(i_queue, i_table, i_chunk_no, i_attempt)
--
-- On the subscriber: gives up a chunk that could not be copied, which makes it pending again.
--
-- Returns: bool, true; false when another attempt has it
-- Writes: pgtide.copy_chunk
--
-- Events that are parked for the chunk stay, and are judged by the snapshot that counts in the end.
create or replace function pgtide.release_chunk(i_queue text, i_table text, i_chunk_no int, i_attempt int)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgtide.copy_chunk c set state = 'pending'
    where c.queue_name = i_queue and c.table_name = i_table and c.chunk_no = i_chunk_no
      and c.state = 'announced' and c.attempt = i_attempt;
    return found;
end;
$$;
