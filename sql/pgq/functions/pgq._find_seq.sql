-- pgq._find_seq(i_seq_name)
--
-- Finds a sequence by "schema.name", unquoted; every dot is tried as the one between the two, the first one first.
--
-- Arguments: i_seq_name - without a dot: in schema public
-- Returns: regclass, never null
-- Writes: nothing
-- Errors: TD002 no such sequence
create or replace function pgq._find_seq(i_seq_name text) returns regclass
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := case when strpos(i_seq_name, '.') > 0 then i_seq_name else 'public.' || i_seq_name end;
    v_dot   int := 1;
    v_next  int;
    v_seq   regclass;
begin
    loop
        v_next := strpos(substr(v_name, v_dot + 1), '.');
        if v_next is null or v_next = 0 then
            raise exception 'Sequence not found: %', i_seq_name using errcode = 'TD002';
        end if;
        v_dot := v_dot + v_next;
        -- Compared as names, so that every version uses the catalogs' indexes. A longer part would be truncated, and be
        -- another object's name.
        if v_dot < length(v_name) and octet_length(substr(v_name, 1, v_dot - 1)) < 64 and octet_length(substr(v_name, v_dot + 1)) < 64 then
            select c.oid::regclass into v_seq
              from pg_namespace n
              join pg_class c on c.relnamespace = n.oid and c.relname = substr(v_name, v_dot + 1)::name and c.relkind = 'S'
             where n.nspname = substr(v_name, 1, v_dot - 1)::name;
            if found then
                return v_seq;
            end if;
        end if;
    end loop;
end;
$$;
