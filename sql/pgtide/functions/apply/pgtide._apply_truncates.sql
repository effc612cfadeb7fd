-- pgtide._apply_truncates(i_nrs)
--
-- On the subscriber: empties tables of pgtide_work.
--
-- Arguments: i_nrs - numbers in pgtide_work
-- Returns: int, how many numbers were given, also of tables that are not there
-- Writes: the tables
-- Errors: as pgtide.run
--
-- All are truncated in one statement, since tables that refer to each other can only be truncated together. A table that is
-- referred to from outside, itself or one of its partitions, is emptied by DELETE: PostgreSQL refuses to truncate it, and
-- rows that are not of this node stay. Tables whose code runs as their owner are emptied owner by owner.
create or replace function pgtide._apply_truncates(i_nrs int[])
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_runner text;
    v_tables oid[];
    v_referred oid[];
    v_table oid;
begin
    foreach v_runner in array array(
        select distinct w.runner from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.oid is not null) loop
        v_tables := array(select w.oid from pg_temp.pgtide_work w
                          where w.nr = any (i_nrs) and w.oid is not null and w.runner is not distinct from v_runner);
        loop
            with ours as (select t.oid, r.relation from unnest(v_tables) t (oid) cross join lateral pgtide.table_tree(t.oid) r (relation))
            select array_agg(distinct o.oid) into v_referred
            from pg_constraint k join ours o on o.relation = k.confrelid
            where k.contype = 'f' and k.conrelid not in (select relation from ours);
            exit when v_referred is null;
            foreach v_table in array v_referred loop
                perform pgtide.run(v_runner, format('delete from %s', v_table::regclass));
            end loop;
            v_tables := array(select unnest(v_tables) except select unnest(v_referred));
        end loop;
        if v_tables <> '{}' then
            perform pgtide.run(v_runner, (select format('truncate %s', string_agg(t::regclass::text, ', ')) from unnest(v_tables) t));
        end if;
    end loop;
    return cardinality(i_nrs);
end;
$$;
