-- pgtide._keep_wide(i_temp)
--
-- Lets a temporary table keep wide values as they are: they are read once or twice, and to compress them costs more than everything else.
--
-- Arguments: i_temp - the temporary table
-- Returns: nothing
-- Writes: the storage of the table's columns
create or replace function pgtide._keep_wide(i_temp regclass)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_actions text := (
        select string_agg(format('alter %I set storage external', a.attname), ', ')
        from pg_attribute a where a.attrelid = i_temp and a.attnum > 0 and a.attstorage in ('x', 'm'));
begin
    if v_actions is not null then
        execute format('alter table %s %s', i_temp, v_actions);
    end if;
end;
$$;
