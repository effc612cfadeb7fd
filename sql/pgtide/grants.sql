-- Functions of pgtide are for those who run it, but for what a consumer calls. Triggers run whoever's write fires them.
revoke all on all functions in schema pgtide from public;

do $$
declare
    v_role text;
begin
    foreach v_role in array array['pgq_reader', 'pgq_admin'] loop
        if pg_catalog.to_regrole(v_role) is not null then
            execute pg_catalog.format('revoke all on all functions in schema pgtide from %I', v_role);
            execute pg_catalog.format('grant usage on schema pgtide to %I', v_role);
            execute pg_catalog.format('grant execute on function pgtide.next_batch(text, text, bigint),'
                ' pgtide.dead_letter_put(bigint, bigint, text) to %I', v_role);
        end if;
    end loop;
end;
$$;
