-- pgtide._hold_for_copy(i_table, i_name, i_mark)
--
-- On the subscriber: whether the rows that are inserted into a table may be copied into it (pgtide._takes_copy). If so, it locks the table
-- until the transaction ends: its name and columns stay as they are. Partitions are not locked.
--
-- Arguments: i_name - its name as londiste.find_table_oid takes it; i_mark - its pgtide._columns_mark, from which it is known what to copy
-- Returns: bool
-- Writes: nothing; it locks the table in ROW EXCLUSIVE mode
-- Errors: TD013 the name means another table meanwhile, or the table was altered
create or replace function pgtide._hold_for_copy(i_table oid, i_name text, i_mark text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name constant text := (
        select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table);
begin
    if not pgtide._takes_copy(i_table) then
        return false;
    end if;
    begin
        execute format('lock table only %s in row exclusive mode', v_name);
    exception when undefined_table or invalid_schema_name or wrong_object_type then
        -- The name is looked up below.
        null;
    end;
    if londiste.find_table_oid(i_name) is distinct from i_table or pgtide._columns_mark(i_table) <> i_mark or not pgtide._takes_copy(i_table) then
        raise exception 'table % was altered or replaced meanwhile', i_name using errcode = 'TD013';
    end if;
    return true;
end;
$$;
