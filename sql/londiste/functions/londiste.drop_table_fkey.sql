-- londiste.drop_table_fkey(i_from_table, i_fkey_name)
--
-- Drops a foreign key for the time of a copy, and keeps how to restore it.
--
-- Arguments: i_from_table - the name on this node of the table that has it
-- Returns: int4, 1; 0 when there is no such key
-- Writes: londiste.pending_fkeys, the constraint
create or replace function londiste.drop_table_fkey(i_from_table text, i_fkey_name text) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_from_table);
    v_key   londiste.pending_fkeys;
begin
    select k.* into v_key
      from londiste.find_table_fkeys(v_name) k where k.from_table = v_name and k.fkey_name = i_fkey_name;
    if not found then
        return 0;
    end if;
    insert into londiste.pending_fkeys select v_key.*
    on conflict (from_table, fkey_name) do update set to_table = excluded.to_table, fkey_def = excluded.fkey_def;
    execute format('alter table %s%s drop constraint %I',
        case when (select c.relkind from pg_class c where c.oid = londiste.find_table_oid(v_name)) = 'p' then '' else 'only ' end,
        londiste.quote_fqname(v_name), i_fkey_name);
    return 1;
end;
$$;
