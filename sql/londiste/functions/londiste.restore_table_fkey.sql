-- londiste.restore_table_fkey(i_from_table, i_fkey_name, i_lazy)
--
-- Restores a dropped foreign key.
--
-- Arguments: i_lazy - true: returns the next statement, to be run in a transaction of its own, and is called again until it
--            returns ''; so writers are not locked out while rows are checked. false (default): does it all at once
-- Returns: text, the next statement; '' when the key is there again; null when none was pending
-- Writes: londiste.pending_fkeys; unless lazy the constraint
create or replace function londiste.restore_table_fkey(
    i_from_table text, i_fkey_name text, i_lazy boolean default false
) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name      text := londiste.make_fqname(i_from_table);
    v_def       text;
    v_table     oid := londiste.find_table_oid(v_name);
    v_valid     boolean;
    v_plain     boolean;
begin
    select p.fkey_def into v_def
      from londiste.pending_fkeys p where p.from_table = v_name and p.fkey_name = i_fkey_name for update;
    if not found then
        return null;
    end if;
    v_plain := v_def !~* 'not valid\s*$' and (select c.relkind from pg_class c where c.oid = v_table) = 'r';
    select c.convalidated into v_valid
      from pg_constraint c where c.conrelid = v_table and c.contype = 'f' and c.conname = i_fkey_name;
    if not found and i_lazy then
        return v_def || case when v_plain then ' not valid' else '' end;
    elsif not found then
        perform pgtide.run_stored_ddl(v_def, null);
    elsif i_lazy and v_plain and not v_valid then
        return format('alter table only %s validate constraint %I', londiste.quote_fqname(v_name), i_fkey_name);
    end if;
    delete from londiste.pending_fkeys p where p.from_table = v_name and p.fkey_name = i_fkey_name;
    return '';
end;
$$;
