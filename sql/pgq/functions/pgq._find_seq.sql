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
    v_seq   regclass;
begin
    select c.oid::regclass into v_seq
      from generate_series(2, length(v_name) - 1) dot(pos)
      join pg_namespace n on n.nspname = substr(v_name, 1, dot.pos - 1)
      join pg_class c on c.relnamespace = n.oid and c.relname = substr(v_name, dot.pos + 1) and c.relkind = 'S'
     where substr(v_name, dot.pos, 1) = '.'
     order by dot.pos limit 1;
    if not found then
        raise exception 'Sequence not found: %', i_seq_name using errcode = 'TD002';
    end if;
    return v_seq;
end;
$$;
