-- pgtide.let_consume(i_role) returns void
--
-- Lets a role call those functions of this schema that consumers call; what it may do with them is a matter of each queue.
-- Writes access lists.
create or replace function pgtide.let_consume(i_role name)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('grant usage on schema pgtide to %I', i_role);
    execute format('grant execute on function pgtide.next_batch(text, text, bigint), pgtide.dead_letter_put(bigint, bigint, text) to %I',
                   i_role);
end;
$$;
