-- Functions of pgtide are for those who run it, but for two that consumers call. These run with the caller's rights, and the
-- queue's gate decides (pgq._gate), so everybody may try. The real extension pgq has no gates; there pgq_reader may call what is
-- behind them. Triggers run whoever's write fires them.
revoke all on all functions in schema pgtide from public;
grant usage on schema pgtide to public;
grant execute on function pgtide.next_batch(text, text, bigint), pgtide.dead_letter_put(bigint, bigint, text) to public;

do $$
declare
    v_role text;
begin
    foreach v_role in array array['pgq_reader', 'pgq_admin'] loop
        if pg_catalog.to_regrole(v_role) is not null then
            execute pg_catalog.format('revoke all on all functions in schema pgtide from %I', v_role);
            execute pg_catalog.format('revoke all on schema pgtide from %I', v_role);
            if pg_catalog.to_regprocedure('pgq._gate(int4, text)') is null then
                execute pg_catalog.format('grant execute on function pgtide._consume_next_batch(int, text, bigint),'
                    ' pgtide._consume_dead_letter_put(int, bigint, bigint, text) to %I', v_role);
            end if;
        end if;
    end loop;
end;
$$;
