-- pgtide.apply_truncates(i_queue) returns int
--
-- Empties the tables that the staged events truncate, and drops their earlier events from the stage. All in one statement,
-- since tables that refer to each other can only be truncated together; a table that is referred to from outside is
-- emptied by DELETE, so that rows that are not ours stay. Returns the number of tables emptied.
create or replace function pgtide.apply_truncates(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tables oid[];
    v_referred oid[];
    v_table oid;
begin
    select array_agg(distinct londiste.find_table_oid(coalesce(t.dest_table, t.table_name))) into v_tables
    from pg_temp.pgtide_kinds k
    join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name
    where k.op = 'T' and coalesce(t.table_attrs, '') !~ 'ignore_truncate=1';
    if v_tables is null then
        return 0;
    end if;
    loop
        select array_agg(distinct k.confrelid) into v_referred from pg_constraint k
        where k.contype = 'f' and k.confrelid = any (v_tables) and k.conrelid <> all (v_tables);
        exit when v_referred is null;
        for v_table in select unnest(v_referred) loop
            execute format('delete from %s', v_table::regclass);
        end loop;
        v_tables := array(select unnest(v_tables) except select unnest(v_referred));
    end loop;
    if cardinality(v_tables) > 0 then
        execute (select format('truncate %s', string_agg(t::regclass::text, ', ')) from unnest(v_tables) t);
    end if;
    delete from pg_temp.pgtide_stage s
    using (select table_name, max(last_ev_id) as ev_id from pg_temp.pgtide_kinds where op = 'T' group by table_name) t
    where s.ev_extra1 = t.table_name and s.ev_type like '{%' and s.ev_id <= t.ev_id;
    perform pgtide.measure_stage();
    return cardinality(v_tables);
end;
$$;
