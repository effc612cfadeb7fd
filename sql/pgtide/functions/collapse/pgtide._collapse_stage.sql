-- pgtide._collapse_stage(i_name, i_table, i_nr, i_guess)
--
-- On the subscriber: finds the last image per key among the staged events of a table, and the operation that leads there
-- from the state of the key before the slice.
--
-- Arguments: i_nr - the table's number in pgtide_work; i_guess - see Returns
-- Returns: bool, whether keys repeat; null, only with i_guess, when none does in a sample of about a thousand events, and
--          the others were not looked at
-- Writes: when keys repeat it creates the temporary table pgtide_last_<i_nr> (ev_id, existed: 1 or 0)
--
-- The first event of a key says whether the key existed before the slice (an insert: no), and the last whether it exists
-- afterwards (a delete: no). pgtide_shapes must hold the table's shapes, all with the same key.
--
-- It runs before the events are typed, so that only last images are typed. Sorting whole rows (DISTINCT ON) costs more than
-- applying them.
create or replace function pgtide._collapse_stage(i_name text, i_table oid, i_nr int, i_guess bool)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text;
    v_quick_key text := pgtide._quick_key(i_table, i_nr);
    v_events bigint;
    v_last bigint;
    v_distinct bool;
    c_events constant text := 'ev_extra1 = %L and ev_type like ''{%%'' and ev_type not like ''{"op":"TRUNCATE"%%''';
    -- The low bit carries the operation through min(): 0 insert, 1 other.
    c_last constant text :=
        'create temp table pgtide_last_%s on commit drop as
         select max(s.ev_id) as ev_id, min(s.ev_id * 2 + case when s.ev_type like ''{"op":"INSERT"%%'' then 0 else 1 end) & 1 as existed
         from pg_temp.pgtide_stage s where %s group by %s';
begin
    select pgtide._event_keys(i_table, h.key, 's.ev_data::json') into v_key
    from (select key from pg_temp.pgtide_shapes where nr = i_nr limit 1) h;
    begin
        if i_guess then
            -- The sample has pages from everywhere: at the start alone, hot rows that are updated in turn would look distinct.
            execute format('select count(*) = count(distinct (%s)) from pg_temp.pgtide_stage s tablesample system (%s) repeatable (0) where %s',
                coalesce(v_quick_key, v_key), (select least(100, 100000 / sum(events)) from pg_temp.pgtide_kinds), format(c_events, i_name))
            into v_distinct;
            if v_distinct then
                return null;
            end if;
        end if;
        execute format(c_last, i_nr, format(c_events, i_name), coalesce(v_quick_key, v_key));
    exception when data_exception then
        if v_quick_key is null then
            raise;
        end if;
        -- The provider's column has another type.
        execute format(c_last, i_nr, format(c_events, i_name), v_key);
    end;
    get diagnostics v_last = row_count;
    select sum(events) into v_events from pg_temp.pgtide_kinds where table_name = i_name and op <> 'T';
    if v_last = v_events then
        execute format('drop table pg_temp.pgtide_last_%s', i_nr);
        return false;
    end if;
    execute format('analyze pg_temp.pgtide_last_%s', i_nr);
    return true;
end;
$$;
