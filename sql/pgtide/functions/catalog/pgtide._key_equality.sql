-- pgtide._key_equality(i_table, i_key)
--
-- How the values of a key are compared, column by column: as the unique index over these columns compares them, in whatever order
-- it has them; if there is no such index, as the columns' types do. Two spellings that are one key to the index (with a
-- case-insensitive collation, citext, 1.0 and 1.00) are one key to replay, too.
--
-- Arguments: i_key - attnums
-- Returns: table (attnum, nr, operator, collated, groups), one row for each element of i_key
--              operator   as SQL
--              collated   pgtide._collate_clause for the collation of the index
--              groups     whether GROUP BY of what pgtide._event_keys reads compares the same way: it knows only the type's own operator
--                         class, and needs text that is a value of the type (pgtide._input_is_safe)
-- Writes: nothing
create or replace function pgtide._key_equality(i_table oid, i_key int[])
returns table (attnum int, nr bigint, operator text, collated text, groups bool) language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_index record;
    v_column record;
    v_at int;
    v_class record;
    v_collation oid;
begin
    select i.indkey::int2[] as columns, i.indclass::oid[] as classes, i.indcollation::oid[] as collations into v_index
    from pg_index i
    where i.indrelid = i_table and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
      and (select array_agg(c.attnum::int order by c.attnum)
           from unnest(i.indkey::int2[]) with ordinality c (attnum, nr)
           where c.nr <= coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts)) = array(select unnest(i_key) order by 1)
    order by i.indisprimary desc, i.indimmediate desc, i.indexrelid limit 1;
    for attnum, nr in select k.attnum, k.nr from unnest(i_key) with ordinality k (attnum, nr) loop
        select a.atttypid, a.attcollation, t.typcollation into v_column
        from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = i_table and a.attnum = _key_equality.attnum;
        v_at := array_position(v_index.columns, attnum::int2);
        select c.opcdefault, c.opcmethod, c.opcintype, c.opcfamily, null::oid as own, null::oid as usual into v_class
        from pg_opclass c where c.oid = v_index.classes[v_at];
        if not v_class.opcdefault then
            -- The equality of text_pattern_ops and similar classes is the usual one.
            select m.amopopr, d.amopopr into v_class.own, v_class.usual
            from pg_amop m
            left join pg_opclass c on c.opcmethod = v_class.opcmethod and c.opcintype = v_class.opcintype and c.opcdefault
            left join pg_amop d on d.amopfamily = c.opcfamily and d.amoplefttype = c.opcintype and d.amoprighttype = c.opcintype
                               and d.amopstrategy = 3
            where m.amopfamily = v_class.opcfamily and m.amoplefttype = v_class.opcintype and m.amoprighttype = v_class.opcintype
              and m.amopstrategy = 3;
        end if;
        groups := v_class.own is not distinct from v_class.usual;
        -- A look-up costs as much as applying some rows. Types of PostgreSQL's own have their operators in pg_catalog.
        operator := case when groups and v_column.atttypid < 16384 then '=' when groups then pgtide._type_operator(v_column.atttypid, '=')
            else (select format('operator(%I.%s)', n.nspname, o.oprname) from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
                  where o.oid = v_class.own) end;
        groups := groups and (v_column.atttypid < 16384 or pgtide._input_is_safe(v_column.atttypid));
        v_collation := coalesce(v_index.collations[v_at], v_column.attcollation);
        -- 100 is the OID of the default collation.
        collated := case when v_collation in (0, 100) and v_column.attcollation in (0, 100) and v_column.typcollation in (0, 100) then ''
            else pgtide._collate_clause(v_collation, v_column.attcollation, v_column.atttypid) end;
        return next;
    end loop;
end;
$$;
