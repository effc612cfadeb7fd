-- pgtide.type_stage(i_name, i_table, i_nr) returns void
--
-- Turns a table's staged events into typed rows: the temporary table pgtide_rows_<i_nr> with
--   ev_id, op (I, U, D as the event says), shape (number of its column list), c<attnum> (the columns as the subscriber has
--   them), old_row (JSON; tables without a key)
-- and a row in pgtide_shapes for each column list: (nr, shape, columns as attnums, key as attnums).
-- An event says which column list it has by its tag (ev_extra4); events without one are looked into each.
-- Raises TD004 when an event has a column that the table lacks. Columns that are generated here are left to be generated.
create or replace function pgtide.type_stage(i_name text, i_table oid, i_nr int)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_shape record;
    v_key text[];
    v_sample record;
    v_missing text;
    v_columns text;
    v_values text;
    v_first bool := true;
    v_tag text;
begin
    create temp table if not exists pgtide_shapes (nr int, shape int, tag text, columns int[], key int[]) on commit drop;
    -- Without a tag the column list is that of the event's own JSON.
    v_tag := $sql$coalesce(case when s.ev_extra4 like 'pgtide:%' then s.ev_extra4 end,
        (select md5(string_agg(k, ',')) from json_object_keys(s.ev_data::json) k))$sql$;
    for v_shape in execute format(
        'select tag, min(ev_id) as sample, row_number() over (order by min(ev_id))::int as nr
         from (select s.ev_id, %s as tag from pg_temp.pgtide_stage s where s.ev_extra1 = $1 and s.ev_type like ''{%%'') e group by tag', v_tag)
        using i_name
    loop
        select s.ev_type::json->'pkey' as key, s.ev_data into v_sample from pg_temp.pgtide_stage s where s.ev_id = v_shape.sample;
        select string_agg(k, ', ') into v_missing from json_object_keys(v_sample.ev_data::json) k
        where not exists (select from pg_attribute a where a.attrelid = i_table and a.attname = k and a.attnum > 0 and not a.attisdropped);
        if v_missing is not null then
            raise exception 'table % has no column %', i_name, v_missing using errcode = 'TD004',
                hint = format('add it to the subscriber''s table, then: pgtide resync QUEUE %s', i_name);
        end if;
        insert into pg_temp.pgtide_shapes
        select i_nr, v_shape.nr, v_shape.tag,
            array(select a.attnum::int from json_object_keys(v_sample.ev_data::json) k
                  join pg_attribute a on a.attrelid = i_table and a.attname = k and a.attnum > 0 and not a.attisdropped
                  where coalesce(to_jsonb(a)->>'attgenerated', '') = '' order by a.attnum),
            array(select a.attnum::int from json_array_elements_text(v_sample.key) with ordinality k (name, nr)
                  join pg_attribute a on a.attrelid = i_table and a.attname = k.name and not a.attisdropped order by k.nr);
    end loop;

    -- All columns of any shape, read once. json and jsonb are read as text, so that a json string stays one.
    select string_agg(format('%I %s', a.attname, case when t.base in ('json'::regtype, 'jsonb'::regtype) then 'text'
                             else format_type(a.atttypid, a.atttypmod) end), ', ' order by a.attnum),
           string_agg(format('x.%I::%s as c%s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnum), ', ' order by a.attnum)
    into v_columns, v_values
    from (select distinct unnest(columns) as attnum from pg_temp.pgtide_shapes where nr = i_nr) c
    join pg_attribute a on a.attrelid = i_table and a.attnum = c.attnum
    cross join lateral (select pgtide.base_type(a.atttypid) as base) t;
    if v_columns is null then
        v_columns := 'nothing text';
        v_values := 'x.nothing';
    end if;
    execute format(
        'create temp table pgtide_rows_%s on commit drop as
         select s.ev_id, substr(s.ev_type, 8, 1)::"char" as op, h.shape, case when h.key = ''{}'' then s.ev_extra2::json end as old_row, %s
         from pg_temp.pgtide_stage s
         join pg_temp.pgtide_shapes h on h.nr = %s and h.tag = %s
         cross join lateral json_to_record(s.ev_data::json) as x (%s)
         where s.ev_extra1 = $1 and s.ev_type like ''{%%''', i_nr, v_values, i_nr, v_tag, v_columns)
    using i_name;
end;
$$;
