-- pgtide._row_table(i_queue_id, i_root)
--
-- What the row table (pgq.row_table) of a captured table must be, for the shape that the table has now.
--
-- Arguments: i_root - the table that is replicated
-- Returns: columns, definition, as pgq._create_row_table takes them: definition is a JSON object with columns of pgq.row_table; prefix, the
--          name of the row table without the number of the event table, null if it does not exist. All null if the table's changes are
--          written as events: pgq is the real extension, the form is url, a row might not fit into a page there although it does here, or
--          this role is not the owner of the queue's event tables and of the schemas pgq and pgtide: whoever owns the capture's function
--          must be able to write the row table
-- Writes: nothing
--
-- A row of the table that fits into a page has at most the size that is computed here, once all values that can be have been moved out of
-- line. A table without a key stores the old row of an UPDATE, too, as o1, o2 ...
create or replace function pgtide._row_table(i_queue_id int, i_root oid, out columns text, out definition jsonb, out prefix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c_bytes constant int := 7900;
    c_columns constant int := 1500;
    v_key text[] := pgtide.table_key(i_root);
    v_keyless bool := v_key = '{}';
    v_name text := pgtide.table_name(i_root);
    v_head text;
    v_bytes int;
    v_count int;
    v_row text;
    v_old text;
    v_stored text;
    v_size text;
begin
    if to_regclass('pgq.row_table') is null
            or pgtide.event_form((select q.queue_name from pgq.queue q where q.queue_id = i_queue_id), v_name) <> 'json'
            or not exists (
                select from pgq.queue q join pg_class c on c.oid = to_regclass(q.queue_data_pfx)
                join pg_namespace n on n.oid = c.relnamespace and n.nspowner = c.relowner
                join pg_namespace p on p.nspname = 'pgtide' and p.nspowner = c.relowner
                where q.queue_id = i_queue_id and pg_get_userbyid(c.relowner) = current_user) then
        return;
    end if;
    select sum(case when y.typlen > 0 then y.typlen + case y.typalign when 'd' then 7 when 'i' then 3 when 's' then 1 else 0 end else 27 end),
           count(*),
           string_agg(format('c%s %s', c.nr, c.stored), ', ' order by c.nr)
               || case when v_keyless then string_agg(format(', o%s %s', c.nr, c.stored), '' order by c.nr) else '' end,
           string_agg(format('%s as %I', c.event, c.column_name), ', ' order by c.nr),
           string_agg(format('%s as %I', regexp_replace(c.event, '\me\.c', 'e.o', 'g'), c.column_name), ', ' order by c.nr),
           string_agg(format('%I %s', c.column_name, c.stored), ', ' order by c.nr),
           concat_ws(' + ', count(*) * 8 + 60,
               string_agg(format(case when y.oid in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'bytea'::regtype) then 'coalesce(octet_length(e.c%s), 0)'
                    else 'coalesce(case when pg_column_size(e.c%1$s) > 500 then octet_length(e.c%1$s::text) else pg_column_size(e.c%1$s) end, 0)' end, c.nr), ' + ' order by c.nr)
               filter (where y.typlen < 0))
    into v_bytes, v_count, columns, v_row, v_old, v_stored, v_size
    from pgtide._row_columns(i_root) c
    cross join lateral (select t.oid, t.typlen, t.typalign from pg_type t where t.oid = c.stored::regtype offset 0) y;
    if v_count = 0 or v_count * (1 + v_keyless::int) > c_columns or v_bytes * (1 + v_keyless::int) + v_count / 4 > c_bytes then
        columns := null;
        return;
    end if;
    select ',"table":[' || to_json(n.nspname) || ',' || to_json(c.relname) || '],"pkey":' || to_json(v_key) || '}' into v_head
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_root;
    definition := jsonb_build_object('rt_queue', i_queue_id, 'rt_name', v_name, 'rt_tag', pgtide.shape_tag(i_root), 'rt_size', v_size, 'rt_columns', v_stored,
        'rt_type', format('case e.ev_op when ''I'' then %L when ''U'' then %L else %L end',
                          '{"op":"INSERT"' || v_head, '{"op":"UPDATE"' || v_head, '{"op":"DELETE"' || v_head),
        'rt_data', format('(select row_to_json(r.*)::text from (select %s) r)', v_row),
        'rt_old', case when v_keyless then format('case e.ev_op when ''U'' then (select row_to_json(r.*)::text from (select %s) r) end', v_old) end);
    definition := definition || jsonb_build_object('rt_mark', md5(columns || ' ' || definition));
    prefix := (select format('pgq.rows_%s_%s', r.rt_queue, r.rt_id) from pgq.row_table r
               where r.rt_queue = i_queue_id and r.rt_mark = definition->>'rt_mark' and r.rt_retired is null);
end;
$$;
