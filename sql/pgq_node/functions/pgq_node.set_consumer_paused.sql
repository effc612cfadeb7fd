-- pgq_node.set_consumer_paused(i_queue_name, i_consumer_name, i_paused)
--
-- Pauses or resumes a consumer that runs on this node. It has noticed once its uptodate is true.
--
-- Returns: ret_code, ret_note: 200; 201 it was so already; 404 unknown consumer
-- Writes: pgq_node.local_state
create or replace function pgq_node.set_consumer_paused(
    in i_queue_name text,
    in i_consumer_name text,
    in i_paused boolean,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_paused boolean;
    v_word   text := case when i_paused then 'paused' else 'resumed' end;
begin
    select s.paused into v_paused
      from pgq_node.local_state s where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name for update;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown consumer: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_consumer_name, 'null');
    elsif v_paused = i_paused then
        ret_code := 201;
        ret_note := 'Consumer ' || i_consumer_name || ' already ' || v_word;
    else
        update pgq_node.local_state s set paused = i_paused, uptodate = false
         where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
        ret_code := 200;
        ret_note := 'Consumer ' || i_consumer_name || ' tagged as ' || v_word;
    end if;
end;
$$;
