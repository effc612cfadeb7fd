-- pgtide._note_shapes(i_name, i_table, i_nr)
--
-- Notes the kinds of a table's staged events, a row of pgtide_shapes for each type and column list (see pgtide._type_stage). How keys are
-- compared is noted later, by pgtide._note_keys.
--
-- Arguments: i_name, i_table - the table's name in the queue and its OID; i_nr - its number in pgtide_work
-- Returns: text, SQL that gives the tag of staged event s. Without a tag of our capture, the column list is that of the event's own JSON.
-- Writes: pgtide_shapes
-- Errors: TD004 an event has a column that the table lacks, or lacks a column of its key
create or replace function pgtide._note_shapes(i_name text, i_table oid, i_nr int)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_shape record;
    v_data json;
    v_missing text;
    c_keys_tag constant text := '(select md5(string_agg(k, '','')) from json_object_keys(s.ev_data::json) k)';
    v_tag text := 's.ev_extra4';
begin
    if exists (select from pg_temp.pgtide_kinds where table_name = i_name and tag is null and op <> 'T') then
        v_tag := 'case when s.ev_extra4 like ''pgtide:%'' then s.ev_extra4 else ' || c_keys_tag || ' end';
    end if;
    for v_shape in execute format(
        'select ev_type, tag, first_ev_id, first_data, row_number() over () as nr from (
             select ev_type, tag, first_ev_id, first_data from pg_temp.pgtide_kinds where table_name = $1 and op <> ''T'' and tag is not null
             union all
             select s.ev_type, %1$s, min(s.ev_id), null from pg_temp.pgtide_stage s
             where %2$s and s.ev_extra1 = $1 and s.ev_type like ''{%%'' and s.ev_extra4 not like ''pgtide:%%'' is not false
             group by 1, 2) k', c_keys_tag, case when v_tag = 's.ev_extra4' then 'false' else 'true' end)
        using i_name
    loop
        v_data := v_shape.first_data;
        if v_data is null then
            select s.ev_data into v_data from pg_temp.pgtide_stage s where s.ev_id = v_shape.first_ev_id limit 1;
        end if;
        select string_agg(k, ', ') into v_missing from json_object_keys(v_data) k
        where not exists (select from pg_attribute a where a.attrelid = i_table and a.attname = k and a.attnum > 0 and not a.attisdropped);
        if v_missing is not null then
            raise exception 'table % has no column %', i_name, v_missing using errcode = 'TD004',
                hint = format('add it to the subscriber''s table, then: pgtide resync QUEUE %s', i_name);
        end if;
        insert into pg_temp.pgtide_shapes
        select i_nr, v_shape.nr, v_shape.ev_type, v_shape.tag,
            array(select a.attnum::int from json_object_keys(v_data) k
                  join pg_attribute a on a.attrelid = i_table and a.attname = k and a.attnum > 0 and not a.attisdropped
                  where pgtide.column_generated(a.attrelid, a.attnum) = '' order by a.attnum),
            array(select a.attnum::int from json_array_elements_text(v_shape.ev_type::json->'pkey') with ordinality k (name, nr)
                  join pg_attribute a on a.attrelid = i_table and a.attname = k.name and not a.attisdropped order by k.nr);
        -- A part of the key would find other rows, too.
        if (select cardinality(h.key) < json_array_length(coalesce(v_shape.ev_type::json->'pkey', '[]')) from pg_temp.pgtide_shapes h
            where h.nr = i_nr and h.shape = v_shape.nr) then
            raise exception 'table % lacks a column of the key of event %', i_name, v_shape.first_ev_id using errcode = 'TD004';
        end if;
    end loop;
    return v_tag;
end;
$$;
