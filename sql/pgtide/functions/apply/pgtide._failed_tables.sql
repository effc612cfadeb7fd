-- pgtide._failed_tables(i_nrs, i_schema, i_table, i_key) returns int[]
--
-- Which of these tables of pgtide_work fail by an error that names i_schema, i_table and the constraint i_key, and that was raised at
-- the end of their changes: the table that is named, or the partitioned table above it. If that is none of them, it refers to one
-- of them by a foreign key, itself or through other tables whose rows go with it (ON DELETE CASCADE): then the nearest that it
-- refers to, by the key that is named first. With i_key NULL only the former. A single table fails whatever is named.
create or replace function pgtide._failed_tables(i_nrs int[], i_schema text, i_table text, i_key text)
returns int[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_named oid;
    v_relations oid[];
    v_seen oid[];
    v_nrs int[];
begin
    select c.oid into v_named from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = i_schema where c.relname = i_table;
    v_relations := pgtide.above_partition(array[v_named]);
    v_nrs := array(select w.nr from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.oid = any (v_relations));
    if i_key is null or v_nrs <> '{}' then
        return v_nrs;
    end if;
    v_seen := v_relations;
    v_relations := pgtide.above_partition(array(
        select k.confrelid from pg_constraint k where k.contype = 'f' and k.conrelid = v_named and k.conname = i_key));
    loop
        v_nrs := array(select w.nr from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.oid = any (v_relations));
        exit when v_nrs <> '{}' or v_relations = '{}';
        v_seen := v_seen || v_relations;
        v_relations := array(
            select unnest(pgtide.above_partition(array(
                select k.confrelid from pg_constraint k where k.contype = 'f' and k.conrelid = any (v_relations))))
            except select unnest(v_seen));
    end loop;
    return case when v_nrs = '{}' and cardinality(i_nrs) = 1 then i_nrs else v_nrs end;
end;
$$;
