-- pgtide._row_table_in_batch(i_parts)
--
-- On the provider: describes a row table that has rows of a batch, so that the subscriber can choose how to take them.
--
-- Arguments: i_parts - its rows of pgq._batch_parts, as a JSON array: more than one source if the queue was rotated meanwhile
-- Returns: jsonb: parts: [{"source", "condition"}..]; table, tag: the table's name in events, and ev_extra4; columns: [{"name", "type"}..] of c1, c2 ..;
--          ev_types: the event type of each operation, {"I", "U", "D"}; first_txid: the first transaction of the batch that
--          has rows in it; version: this server's version number
-- Writes: nothing
create or replace function pgtide._row_table_in_batch(i_parts jsonb)
returns jsonb language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_source constant text := i_parts->0->>'source';
    v_table record;
    v_names text[];
    v_types jsonb;
    v_first bigint;
begin
    select r.* into strict v_table from pgq.row_table r where r.rt_id = split_part(v_source, '_', 3)::int;
    -- rt_columns is a list of column definitions: the server itself reads it.
    execute format('select array(select json_object_keys(row_to_json(r.*))) from json_to_record(''{}'') r (%s)', v_table.rt_columns) into v_names;
    execute format('select jsonb_object_agg(e.ev_op, %s) from (values (''I''::"char"), (''U''), (''D'')) e (ev_op)', v_table.rt_type) into v_types;
    execute (select format('select least(%s)', string_agg(format('(select ev_txid from %s where %s order by ev_txid limit 1)', p.source, p.condition), ', '))
             from jsonb_to_recordset(i_parts) p (source text, condition text)) into v_first;
    return jsonb_build_object('table', v_table.rt_name, 'tag', v_table.rt_tag, 'ev_types', v_types,
        'first_txid', v_first, 'version', current_setting('server_version_num')::int,
        'parts', (select jsonb_agg(jsonb_build_object('source', p.source, 'condition', p.condition)) from jsonb_to_recordset(i_parts) p (source text, condition text)),
        'columns', (select jsonb_agg(jsonb_build_object('name', n.name, 'type', format_type(a.atttypid, -1)) order by n.nr)
                    from unnest(v_names) with ordinality n (name, nr)
                    join pg_attribute a on a.attrelid = to_regclass(v_source) and a.attname = 'c' || n.nr));
end;
$$;
