-- pgtide._failed_tables(i_nrs, i_schema, i_table, i_key)
--
-- On the subscriber: says which of these tables of pgtide_work an error concerns that was raised at the end of their
-- changes.
--
-- Arguments: i_nrs - numbers in pgtide_work; i_schema, i_table, i_key - the table and the constraint that the error names;
--            i_key null: do not follow foreign keys
-- Returns: int[], numbers in pgtide_work; empty when none is concerned
-- Writes: nothing
--
-- It concerns the table that is named, or the partitioned table above it. If that is none of these, the named table refers
-- to one of them by a foreign key, itself or through other tables whose rows go with it (ON DELETE CASCADE): then the
-- nearest that it refers to is concerned, by the key that is named first. With i_key null only the former is looked for.
-- With i_key, a single table is concerned whatever is named.
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
