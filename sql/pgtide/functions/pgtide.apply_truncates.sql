-- pgtide.apply_truncates(i_nrs) returns int
--
-- Empties these tables of pgtide_work. All in one statement, since tables that refer to each other can only be truncated together; a
-- table that is referred to from outside, it or one of its partitions, is emptied by DELETE: PostgreSQL refuses to truncate it, and rows
-- that are not ours stay. Returns the number of tables emptied.
create or replace function pgtide.apply_truncates(i_nrs int[])
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tables oid[] := array(select w.oid from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.oid is not null);
    v_referred oid[];
    v_table oid;
begin
    if v_tables = '{}' then
        return 0;
    end if;
    loop
        with ours as (select t.oid, r.relation from unnest(v_tables) t (oid) cross join lateral pgtide.table_tree(t.oid) r (relation))
        select array_agg(distinct o.oid) into v_referred
        from pg_constraint k join ours o on o.relation = k.confrelid
        where k.contype = 'f' and k.conrelid not in (select relation from ours);
        exit when v_referred is null;
        for v_table in select unnest(v_referred) loop
            execute format('delete from %s', v_table::regclass);
        end loop;
        v_tables := array(select unnest(v_tables) except select unnest(v_referred));
    end loop;
    if v_tables <> '{}' then
        execute (select format('truncate %s', string_agg(t::regclass::text, ', ')) from unnest(v_tables) t);
    end if;
    return cardinality(i_nrs);
end;
$$;
