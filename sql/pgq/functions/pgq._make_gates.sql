-- pgq._make_gates(i_queue_id)
--
-- Makes the two gates of a queue (see pgq._gate), pgq.event_<id>_consume and pgq.event_<id>_admin. Who may execute them stays
-- as it is.
--
-- Returns: nothing
-- Writes: those functions, where they are not so already
create or replace function pgq._make_gates(i_queue_id int4) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_right text;
    v_name  text;
    v_body  text;
begin
    foreach v_right in array array['consume', 'admin'] loop
        v_name := format('event_%s_%s', i_queue_id, v_right);
        v_body := format('begin return pgq._pass_gate(%s, %L, i_call, i_args); end;', i_queue_id, v_right);
        if not exists (select from pg_proc p
                        where p.pronamespace = 'pgq'::regnamespace and p.proname = v_name and p.prosrc = v_body and p.prosecdef)
        then
            execute format('create or replace function pgq.%I(i_call text, i_args text[]) returns record '
                'language plpgsql security definer set search_path = pg_catalog, pg_temp as %L', v_name, v_body);
            execute format('revoke all on function pgq.%I(text, text[]) from public', v_name);
        end if;
    end loop;
end;
$$;
