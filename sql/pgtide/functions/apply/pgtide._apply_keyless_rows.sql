-- pgtide._apply_keyless_rows(i_table, i_nr, i_on_conflict)
--
-- On the subscriber: applies all typed rows of a table without a key at once, with the result that they have event by event.
-- The table is read once, whereas pgtide._apply_keyless_row reads it for each event.
--
-- Arguments: i_on_conflict - as for pgtide.apply_stage
-- Returns: bool, true; false, with nothing done, when an event finds no row, column lists differ or are empty, an event has
--          a key, or an identity column is always generated
-- Writes: the table; temporary tables pgtide_counts, and pgtide_images, pgtide_found, pgtide_links, pgtide_ends, which it
--         creates and drops
-- Errors: TD007 rows were not where they had been found; as pgtide.run
--
-- A row is known by its image alone, the digest of its columns as text. An event takes an image away (its old row), adds one
-- (its new row), or does both. The nth image that is taken is the nth of the same images that was there: first those of the
-- table's rows, then those that events have added. Either it was there in time, or an event finds no row. So events form
-- chains, from a row of the table, or an insert, to the last state of the row.
create or replace function pgtide._apply_keyless_rows(i_table oid, i_nr int, i_on_conflict text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_digest constant text := 'md5(row(%s)::text)';
    v_columns int[];
    v_lead pg_attribute;
    v_shape record;
    v_places tid[];
    v_count bigint;
    v_nowhere bool;
    v_runner text := (select w.runner from pg_temp.pgtide_work w where w.nr = i_nr);
    v_query text;
begin
    select case when count(distinct h.columns) = 1 and bool_and(h.key = '{}') then min(h.columns) end into v_columns
    from pg_temp.pgtide_shapes h where h.nr = i_nr;
    if v_columns is null or v_columns = '{}' or exists (
            select from pg_attribute a where a.attrelid = i_table and a.attnum = any (v_columns) and a.attidentity = 'a') then
        return false;
    end if;
    -- The column that distinguishes rows best, preferably the first one of an index: values that are equal as text are equal.
    select a.* into v_lead
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_type y on y.oid = a.atttypid and y.typnamespace = 'pg_catalog'::regnamespace
        and (y.typcategory in ('N', 'S', 'D', 'T', 'B', 'I') or y.oid in ('uuid'::regtype, 'bytea'::regtype))
    left join pg_stats s on s.schemaname = c.relnamespace::regnamespace::name and s.tablename = c.relname and s.attname = a.attname
        and s.inherited = (c.relkind = 'p')
    where a.attrelid = i_table and a.attnum = any (v_columns)
    order by exists (
                 select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam and m.amname = 'btree'
                 where i.indrelid = i_table and i.indkey[0] = a.attnum and i.indisvalid and i.indpred is null) desc,
             case when s.n_distinct < 0 then - s.n_distinct * greatest(c.reltuples, 1) else s.n_distinct end desc nulls last, a.attnum
    limit 1;

    select i_table::regclass as relation, format('pg_temp.pgtide_rows_%s', i_nr) as rows,
           format(c_digest, string_agg(pgtide._type_text('f.' || quote_ident(a.attname), a.atttypid), ', ' order by a.attnum)) as found,
           format(c_digest, string_agg(pgtide._type_text('r.c' || a.attnum, a.atttypid), ', ' order by a.attnum)) as new,
           format(c_digest, string_agg(pgtide._type_text('o.' || quote_ident(a.attname), a.atttypid), ', ' order by a.attnum)) as old,
           string_agg(format('x.%I::%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum) as old_values,
           string_agg(format('%I %s', a.attname, case when pgtide._base_type(a.atttypid) in ('json'::regtype, 'jsonb'::regtype)
               then 'text' else format_type(a.atttypid, a.atttypmod) end), ', ' order by a.attnum) as old_columns,
           string_agg(quote_ident(a.attname), ', ' order by a.attnum) as names,
           string_agg('r.c' || a.attnum, ', ' order by a.attnum) as news,
           string_agg(format('%I = r.c%s', a.attname, a.attnum), ', ') as settings
    into v_shape
    from pg_attribute a where a.attrelid = i_table and a.attnum = any (v_columns);

    v_query := format(
        'select r.ev_id, r.op, %2$s as old_image, null::text as new_image, %7$s as lead from %1$s r where r.op = ''D''
         union all
         select r.ev_id, r.op, %3$s, %2$s, %8$s
         from %1$s r
         cross join lateral (select %4$s from json_to_record(r.old_row) as x (%5$s)) o (%6$s) where r.op = ''U''
         union all
         select r.ev_id, r.op, null, %2$s, null from %1$s r where r.op = ''I''',
        v_shape.rows, v_shape.new, v_shape.old, v_shape.old_values, v_shape.old_columns, v_shape.names,
        coalesce('r.c' || v_lead.attnum, 'null::int'), coalesce('o.' || quote_ident(v_lead.attname), 'null::int'));
    execute 'create temp table pgtide_images on commit drop as ' || v_query || ' with no data';
    perform pgtide._grant_to_owner('pgtide_images', i_table);
    perform pgtide.run(v_runner, 'insert into pg_temp.pgtide_images ' || v_query);
    analyze pg_temp.pgtide_images;
    -- A digest costs more than a look at one column, so it is compared last, if that column distinguishes rows ("is true"
    -- keeps it out of the join's condition). The rows are locked, so that no session moves one between the moment that its
    -- place is found and its change.
    create temp table pgtide_found (relation oid, place tid, image text) on commit drop;
    perform pgtide._grant_to_owner('pgtide_found', i_table);
    perform pgtide.run(v_runner, format(
        'insert into pg_temp.pgtide_found
         select f.tableoid as relation, f.ctid as place, %2$s as image from %1$s f
         where exists (select from pg_temp.pgtide_images i where %3$s) for update of f',
        v_shape.relation, v_shape.found,
        (select case when v_lead.attname is null or bool_or(i.lead is null) is not false then format('i.old_image = %s', v_shape.found)
                     when count(distinct i.lead) * 2 >= count(*)
                         then format('i.lead = f.%I and (i.old_image = %s) is true', v_lead.attname, v_shape.found)
                     else format('i.lead = f.%I and i.old_image = %s', v_lead.attname, v_shape.found) end
         from pg_temp.pgtide_images i where i.old_image is not null)));
    create temp table pgtide_links on commit drop as
    with added as (
        select a.*, row_number() over (partition by a.image order by a.ev_id nulls first) as nr
        from (select image, null::bigint as ev_id, relation, place from pg_temp.pgtide_found
              union all
              select new_image, ev_id, null, null from pg_temp.pgtide_images where new_image is not null) a
    ), taken as (
        select old_image as image, ev_id, row_number() over (partition by old_image order by ev_id) as nr
        from pg_temp.pgtide_images where old_image is not null
    )
    select i.ev_id, i.op, a.ev_id as before, a.relation, a.place
    from pg_temp.pgtide_images i
    left join taken t on t.ev_id = i.ev_id
    left join added a on a.image = t.image and a.nr = t.nr;
    analyze pg_temp.pgtide_links;
    v_nowhere := exists (select from pg_temp.pgtide_links l where l.op <> 'I' and l.place is null and (l.before < l.ev_id) is not true);
    if not v_nowhere then
        create temp table pgtide_ends on commit drop as
        with recursive chain as (
            select l.ev_id, l.op, l.relation, l.place from pg_temp.pgtide_links l where l.before is null
            union all
            select l.ev_id, l.op, c.relation, c.place from chain c join pg_temp.pgtide_links l on l.before = c.ev_id
        )
        select c.* from chain c where not exists (select from pg_temp.pgtide_links l where l.before = c.ev_id);
        analyze pg_temp.pgtide_ends;
        perform pgtide._grant_to_owner('pgtide_ends', i_table);

        v_places := array(select e.place from pg_temp.pgtide_ends e where e.op = 'D' and e.place is not null);
        v_count := pgtide.run(v_runner, format(
            'delete from %s t using pg_temp.pgtide_ends e
             where t.ctid = any ($2) and t.ctid = e.place and t.tableoid = e.relation and e.op = ''D''', v_shape.relation), null, v_places);
        v_nowhere := v_count <> cardinality(v_places);
        v_places := array(select e.place from pg_temp.pgtide_ends e where e.op = 'U' and e.place is not null);
        v_count := pgtide.run(v_runner, format(
            'update %s t set %s from pg_temp.pgtide_ends e join %s r on r.ev_id = e.ev_id
             where t.ctid = any ($2) and t.ctid = e.place and t.tableoid = e.relation and e.op = ''U''',
            v_shape.relation, v_shape.settings, v_shape.rows), null, v_places);
        if v_nowhere or v_count <> cardinality(v_places) then
            raise exception 'rows of table % were not where they had been found', pgtide.table_name(i_table) using errcode = 'TD007';
        end if;
        perform pgtide.run(v_runner, format(
            'insert into %s (%s) overriding system value
             select %s from pg_temp.pgtide_ends e join %s r on r.ev_id = e.ev_id where e.place is null and e.op <> ''D'' order by e.ev_id',
            v_shape.relation, v_shape.names, v_shape.news, v_shape.rows));
        perform pgtide._count_applied(i_nr, i.op::text, i_on_conflict, count(*), 0, 0) from pg_temp.pgtide_images i group by i.op;
        drop table pg_temp.pgtide_ends;
    end if;
    drop table pg_temp.pgtide_images, pg_temp.pgtide_found, pg_temp.pgtide_links;
    return not v_nowhere;
end;
$$;
