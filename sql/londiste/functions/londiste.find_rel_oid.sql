-- londiste.find_rel_oid(i_fqname, i_kind)
--
-- Finds a relation by its global name: schema.name as plain text, with nothing quoted. Every dot is tried as the one
-- between the two, the first one first.
--
-- Arguments: i_kind - 'r': table, also a partitioned one; 'S': sequence; other kinds as pg_class.relkind
-- Returns: oid; null when there is none
-- Writes: nothing
create or replace function londiste.find_rel_oid(i_fqname text, i_kind text) returns oid
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := londiste.make_fqname(i_fqname);
    v_dot  int := 1;
    v_next int;
    v_oid  oid;
begin
    loop
        v_next := strpos(substr(v_name, v_dot + 1), '.');
        if v_next is null or v_next = 0 then
            return null;
        end if;
        v_dot := v_dot + v_next;
        -- Compared as names, so that every version uses the catalogs' indexes. A longer part would be truncated, and be
        -- another object's name.
        if v_dot < length(v_name) and octet_length(substr(v_name, 1, v_dot - 1)) < 64 and octet_length(substr(v_name, v_dot + 1)) < 64 then
            select c.oid into v_oid
              from pg_namespace n
              join pg_class c on c.relnamespace = n.oid and c.relname = substr(v_name, v_dot + 1)::name
             where n.nspname = substr(v_name, 1, v_dot - 1)::name
               and (c.relkind::text = i_kind or (i_kind = 'r' and c.relkind = 'p'));
            if found then
                return v_oid;
            end if;
        end if;
    end loop;
end;
$$;
