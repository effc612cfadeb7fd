-- pgtide._check_own_keys(i_nrs)
--
-- On the subscriber, after tables of pgtide_work were changed in replica mode: checks the foreign keys that
-- pgtide._find_own_keys has found.
--
-- Arguments: i_nrs - numbers in pgtide_work
-- Returns: nothing
-- Writes: nothing; it creates and drops the temporary tables pgtide_deleted and pgtide_referring
-- Errors: 23503 foreign_key_violation: such a key refers to a row that is not there any more; as pgtide.table_runner,
--         pgtide.run
--
-- If the key refers to columns by which events find their rows, only rows that refer to a deleted one are checked, otherwise
-- all of the referring table. There are two steps, each a query on one of the two tables, as its owner: which keys the
-- referring table has, and which of them are not there.
create or replace function pgtide._check_own_keys(i_nrs int[])
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_keys jsonb;
    v_key record;
    v_columns record;
    v_nr int;
    v_name text;
begin
    if to_regclass('pg_temp.pgtide_own_keys') is null then
        return;
    end if;
    select jsonb_agg(to_jsonb(x)) into v_keys from (
        select o.nr, o.key, w.oid as target, w.runner, w.truncated,
               exists (select from pg_temp.pgtide_groups g where g.nr = o.nr and g.op = 'D') as deletes,
               exists (select from pg_temp.pgtide_groups g where g.nr = o.nr and g.op = 'U') as updates,
               (select case when count(distinct h.key) = 1 then min(h.key) else '{}' end
                from pg_temp.pgtide_shapes h where h.nr = o.nr) as row_key
        from pg_temp.pgtide_own_keys o
        join pg_temp.pgtide_work w on w.nr = o.nr
        where o.nr = any (i_nrs)) x;
    for i in 0 .. coalesce(jsonb_array_length(v_keys), 0) - 1 loop
        select * into v_key from jsonb_to_record(v_keys->i)
            as r (nr int, key oid, target oid, runner text, truncated bool, deletes bool, updates bool, row_key int[]);
        select k.conname, k.conrelid, k.confrelid, pgtide.table_name(k.conrelid) as name,
               string_agg(format('p.%I operator(%I.%s) g.c%s', r.attname, s.nspname, q.oprname, c.nr), ' and ') as parent,
               string_agg(format('d.c%s operator(%I.%s) o.%I', c.nr, s.nspname, q.oprname, f.attname), ' and ') as deleted,
               string_agg(format('o.%I is not null', f.attname), ' and ') as given,
               string_agg(format('o.%I', f.attname), ', ' order by c.nr) as referring,
               string_agg(format('r.c%s', t.attnum), ', ' order by c.nr) as referred,
               string_agg(format('c%s %s', c.nr, format_type(f.atttypid, f.atttypmod)), ', ' order by c.nr) as referring_types,
               string_agg(format('c%s %s', c.nr, format_type(r.atttypid, r.atttypmod)), ', ' order by c.nr) as referred_types,
               bool_and(t.attnum = any (v_key.row_key)) and not v_key.truncated as in_key
        into v_columns
        from pg_constraint k
        cross join lateral unnest(k.confkey, k.conkey, k.conpfeqop) with ordinality c (referred, referring, operator, nr)
        join pg_attribute r on r.attrelid = k.confrelid and r.attnum = c.referred
        join pg_attribute t on t.attrelid = v_key.target and t.attname = r.attname and not t.attisdropped
        join pg_attribute f on f.attrelid = k.conrelid and f.attnum = c.referring
        join pg_operator q on q.oid = c.operator
        join pg_namespace s on s.oid = q.oprnamespace
        where k.oid = v_key.key
        group by k.conname, k.conrelid, k.confrelid;
        -- An update does not change the columns by which events find their row.
        continue when not (v_key.truncated or v_key.deletes or v_key.updates and not v_columns.in_key);
        execute format('create temp table pgtide_deleted (%s) on commit drop', v_columns.referred_types);
        execute format('create temp table pgtide_referring (%s) on commit drop', v_columns.referring_types);
        perform pgtide._grant_to_owner('pgtide_deleted', v_key.target, v_columns.conrelid);
        perform pgtide._grant_to_owner('pgtide_referring', v_key.target, v_columns.conrelid);
        if v_columns.in_key then
            perform pgtide.run(v_key.runner, format('insert into pg_temp.pgtide_deleted select %s from pg_temp.pgtide_rows_%s r where r.op = ''D''',
                v_columns.referred, v_key.nr));
        end if;
        perform pgtide.run(pgtide.table_runner(v_columns.conrelid), format(
            'insert into pg_temp.pgtide_referring select distinct %s from %s o where %s%s', v_columns.referring, v_columns.conrelid::regclass,
            v_columns.given,
            case when v_columns.in_key then format(' and exists (select from pg_temp.pgtide_deleted d where %s)', v_columns.deleted) else '' end));
        if pgtide.run(v_key.runner, format('select from pg_temp.pgtide_referring g where not exists (select from %s p where %s) limit 1',
                v_columns.confrelid::regclass, v_columns.parent)) > 0 then
            raise exception 'foreign key "%" of table % refers to rows that are to be deleted', v_columns.conname, v_columns.name
                using errcode = 'foreign_key_violation', constraint = v_columns.conname::text,
                    schema = (select n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = v_columns.conrelid),
                    table = (select c.relname::text from pg_class c where c.oid = v_columns.conrelid);
        end if;
        drop table pg_temp.pgtide_deleted, pg_temp.pgtide_referring;
    end loop;
end;
$$;
