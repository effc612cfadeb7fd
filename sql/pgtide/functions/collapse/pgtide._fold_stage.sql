-- pgtide._fold_stage(i_name, i_table, i_nr)
--
-- On the subscriber: replaces the staged events of a key by one image, for a table whose images may hold only some columns
-- (see pgtide._read_classic_event).
--
-- Arguments: i_nr - the table's number in pgtide_work
-- Returns: bigint, by how many events the stage has become smaller; 0 when no key repeats
-- Writes: temporary tables pgtide_stage, pgtide_kinds; it creates pgtide_folds_<i_nr> and pgtide_parts_<i_nr>, in which
--         pgtide._unfold_stage finds the original events
--
-- The last image alone, as pgtide._collapse_stage takes it, would lose the changes of earlier ones. The new image holds, for
-- each column, the value of the last image that has the column, among those since the row was last deleted. Row by row the
-- same columns would be set, in several steps. If a row existed before the slice (its first event is not an insert) and was
-- deleted in it, a separate event keeps it deleted, so that columns which its new images lack do not outlive it.
--
-- pgtide_shapes must hold the table's shapes, all with the same key. pgtide._type_stage must be called again afterwards.
create or replace function pgtide._fold_stage(i_name text, i_table oid, i_nr int)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text;
    v_tag text;
    v_parts bigint;
    v_images bigint;
begin
    select pgtide._event_keys(i_table, h.key, 's.ev_data::json') into v_key
    from (select key from pg_temp.pgtide_shapes where nr = i_nr limit 1) h;
    select case when bool_or(tag like 'pgtide:sql:%') then 'pgtide:sql:' else 'pgtide:url:' end into v_tag
    from pg_temp.pgtide_shapes where nr = i_nr;
    -- The low bit carries the operation through min(): 0 insert, 1 other.
    execute format(
        'create temp table pgtide_folds_%s on commit drop as
         select max(s.ev_id) as ev_id, array_agg(s.ev_id) as parts, max(s.ev_id) filter (where s.ev_type like ''{"op":"DELETE"%%'') as gone,
                min(s.ev_id * 2 + case when s.ev_type like ''{"op":"INSERT"%%'' then 0 else 1 end) & 1 as existed
         from pg_temp.pgtide_stage s
         where s.ev_extra1 = %L and s.ev_type like ''{%%'' and s.ev_type not like ''{"op":"TRUNCATE"%%''
         group by %s having count(*) > 1', i_nr, i_name, v_key);
    execute format('create temp table pgtide_parts_%s (like pg_temp.pgtide_stage including storage) on commit drop', i_nr);
    execute format(
        'with moved as (delete from pg_temp.pgtide_stage s using (select unnest(parts) as ev_id from pg_temp.pgtide_folds_%1$s) f
                        where s.ev_id = f.ev_id returning s.*)
         insert into pg_temp.pgtide_parts_%1$s select * from moved', i_nr);
    get diagnostics v_parts = row_count;
    execute format('analyze pg_temp.pgtide_folds_%1$s (ev_id); analyze pg_temp.pgtide_parts_%1$s (ev_id)', i_nr);
    execute format(
        'insert into pg_temp.pgtide_stage
         select p.* from pg_temp.pgtide_folds_%1$s f join pg_temp.pgtide_parts_%1$s p on p.ev_id = f.gone where f.existed = 1
         union all
         select p.ev_id, p.ev_txid, p.ev_time,
                regexp_replace(p.ev_type, ''"op":"[A-Z]+"'',
                               case when f.existed = 1 and f.gone is null then ''"op":"UPDATE"'' else ''"op":"INSERT"'' end),
                i.image::text, p.ev_extra1, null, null, %2$L || md5(array(select jsonb_object_keys(i.image))::text), p.chunk_no
         from pg_temp.pgtide_folds_%1$s f
         join pg_temp.pgtide_parts_%1$s p on p.ev_id = f.ev_id
         join (
             select c.ev_id, jsonb_object_agg(c.name, c.value) as image
             from (select distinct on (f.ev_id, j.key) f.ev_id, j.key as name, j.value
                   from pg_temp.pgtide_folds_%1$s f
                   cross join lateral unnest(f.parts) u (part)
                   join pg_temp.pgtide_parts_%1$s p on p.ev_id = u.part
                   cross join lateral jsonb_each(p.ev_data::jsonb) j
                   where f.gone is distinct from f.ev_id and u.part > coalesce(f.gone, 0)
                   order by f.ev_id, j.key, u.part desc) c
             group by c.ev_id) i on i.ev_id = f.ev_id', i_nr, v_tag);
    get diagnostics v_images = row_count;
    perform pgtide._measure_table(i_name);
    return v_parts - v_images;
end;
$$;
