-- londiste._follow_obstacle(i_name, i_table, i_trg_args)
--
-- Why Londiste's workers could not follow a table. They apply UPDATE ONLY and DELETE FROM ONLY by primary key: without one they
-- stop, and of a partitioned table, which has no rows itself, they would change none and not notice.
-- pgtide's own nodes follow both: they add their tables with the argument pgtide.
--
-- Arguments: i_name - the table's name in messages; i_trg_args - as londiste.local_add_table
-- Returns: ret_code, ret_note: 200 nothing stands against it; 400 no primary key, and none named by pkey=; 405 partitioned
-- Writes: nothing
create or replace function londiste._follow_obstacle(
    in i_name text,
    in i_table oid,
    in i_trg_args text[],
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    ret_code := 200;
    if 'pgtide' = any (i_trg_args) then
        return;
    elsif (select c.relkind from pg_class c where c.oid = i_table) = 'p' then
        ret_code := 405;
        ret_note := 'Table ' || i_name || ' is partitioned: add its partitions';
    elsif not exists (select from pg_index i where i.indrelid = i_table and i.indisprimary)
        and not exists (select from unnest(i_trg_args) a where a like 'pkey=_%')
    then
        ret_code := 400;
        ret_note := 'Primary key missing on table: ' || i_name;
    end if;
end;
$$;
