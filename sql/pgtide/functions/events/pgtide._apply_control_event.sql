-- pgtide._apply_control_event(i_queue, i_type, i_data, i_extra1, i_extra2, i_extra3)
--
-- Applies one event of the cascade (pgq.*), of Londiste (londiste.*) or of pgtide (pgtide.new-epoch) on the subscriber.
--
-- Returns: nothing
-- Writes: as pgq_node.register_location, pgq_node.unregister_location, pgq_node.set_global_watermark,
--         pgq_node.set_partition_watermark, londiste.global_add_table, londiste.global_update_seq, londiste.global_remove_seq,
--         pgtide.apply_removal, pgtide.reset_copy
-- Errors: TD007 the event's type is unknown, or it is an event pgq.* (but for pgq.tick-id) of another queue; 22P02, 22003 its
--         data is not a number or a boolean; and as the functions that it calls
--
-- pgtide.handle_events knows the same types, and decides what happens if an event fails.
create or replace function pgtide._apply_control_event(i_queue text, i_type text, i_data text, i_extra1 text, i_extra2 text, i_extra3 text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if i_type like 'pgq.%' and i_type <> 'pgq.tick-id' and i_extra1 is distinct from i_queue then
        raise exception 'bad event for queue %', i_queue using errcode = 'TD007';
    end if;
    case i_type
        when 'pgq.location-info' then
            perform pgq_node.register_location(i_queue, i_data, i_extra2, coalesce(i_extra3::bool, false));
        when 'pgq.unregister-location' then
            perform pgq_node.unregister_location(i_queue, i_data);
        when 'pgq.global-watermark' then
            perform pgq_node.set_global_watermark(i_queue, i_data::bigint);
        when 'pgq.tick-id' then
            -- i_extra1 is the queue of a leaf that is merged into this one.
            perform pgq_node.set_partition_watermark(i_queue, i_extra1, i_data::bigint);
        when 'londiste.add-table' then
            perform londiste.global_add_table(i_queue, i_data);
        when 'londiste.remove-table' then
            perform pgtide.apply_removal(i_queue, i_data);
        when 'londiste.update-seq' then
            perform londiste.global_update_seq(i_queue, i_extra1, i_data::bigint);
        when 'londiste.remove-seq' then
            perform londiste.global_remove_seq(i_queue, i_data);
        when 'pgtide.new-epoch' then
            -- The provider's transaction ids began again, so the snapshots of chunks do not apply to the new ids.
            perform pgtide.reset_copy(i_queue, t.table_name) from pgtide.table_state t
            where t.queue_name = i_queue and t.phase in ('copying', 'catching-up');
        else
            raise exception 'Unhandled event type in queue: %', pgtide.event_label(i_type) using errcode = 'TD007';
    end case;
end;
$$;
