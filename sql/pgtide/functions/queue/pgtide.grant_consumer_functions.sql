-- pgtide.grant_consumer_functions(i_role)
--
-- Lets a role call the functions of this schema that consumers call. Its rights on each queue decide what they let it do.
--
-- Returns: nothing
-- Writes: access lists of schema pgtide, pgtide.next_batch and pgtide.dead_letter_put
create or replace function pgtide.grant_consumer_functions(i_role name)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('grant usage on schema pgtide to %I', i_role);
    execute format('grant execute on function pgtide.next_batch(text, text, bigint), pgtide.dead_letter_put(bigint, bigint, text) to %I',
                   i_role);
end;
$$;
