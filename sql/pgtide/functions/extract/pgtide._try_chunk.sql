-- pgtide._try_chunk(i_expression, i_data)
--
-- On the provider: the chunk that an event falls into.
--
-- Arguments: i_expression - as pgtide.slice_query builds it, over ev_data; i_data - the event's ev_data
-- Returns: int; -1 if the event's key cannot be read
-- Writes: nothing
create or replace function pgtide._try_chunk(i_expression text, i_data text)
returns int language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_chunk int;
begin
    execute 'select ' || i_expression || ' from (select $1 as ev_data) e' into v_chunk using i_data;
    return v_chunk;
exception when data_exception or program_limit_exceeded then
    return -1;
end;
$$;
