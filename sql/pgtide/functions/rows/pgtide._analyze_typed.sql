-- pgtide._analyze_typed(i_stage)
--
-- On the subscriber: gives the planner statistics of the operations and keys of rows that arrived as rows.
--
-- Arguments: i_stage - the stage (pgtide.stage_rows)
-- Returns: nothing
-- Writes: the statistics of the stage
--
-- Only columns of PostgreSQL's own types: the statistics of others may call functions of users.
create or replace function pgtide._analyze_typed(i_stage text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('analyze %s (ev_op%s)', i_stage, (
        select string_agg(', ' || a.attname, '' order by a.attnum)
        from pg_temp.pgtide_typed c
        cross join lateral (select json_array_elements_text(c.ev_type::json->'pkey') as name) k
        join pg_attribute p on p.attrelid = c.relation and p.attname = k.name and not p.attisdropped and p.atttypid < 16384
        join pg_attribute a on a.attrelid = to_regclass(i_stage) and a.attname = 'c' || p.attnum
        where c.stage = i_stage and c.op = 'U'));
end;
$$;
