-- pgtide.check_own_keys(i_nrs) returns void
--
-- After these tables of pgtide_work have been changed in replica mode: raises foreign_key_violation if a key that
-- pgtide.find_own_keys has found refers to a row that is not there any more. Where the key refers to columns by which events find
-- their rows, only rows that refer to a deleted one are looked at; otherwise all of the referring table. To plan such a query may run code of
-- a table's owner (pgtide.foreign_code): then it runs as the owner of both tables, and raises TD007 where that is not one role.
create or replace function pgtide.check_own_keys(i_nrs int[])
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key record;
    v_columns record;
    v_query text;
    v_owners oid[];
    v_runner text;
begin
    if to_regclass('pg_temp.pgtide_own_keys') is null then
        return;
    end if;
    for v_key in
        select o.nr, w.oid as target, w.truncated, k.conname, k.conrelid, k.confrelid, k.conkey, k.confkey, k.conpfeqop,
               exists (select from pg_temp.pgtide_groups g where g.nr = o.nr and g.op = 'D') as deletes,
               exists (select from pg_temp.pgtide_groups g where g.nr = o.nr and g.op = 'U') as updates,
               (select case when count(distinct h.key) = 1 then min(h.key) else '{}' end from pg_temp.pgtide_shapes h where h.nr = o.nr) as row_key
        from pg_temp.pgtide_own_keys o
        join pg_temp.pgtide_work w on w.nr = o.nr
        join pg_constraint k on k.oid = o.key
        where o.nr = any (i_nrs)
    loop
        select string_agg(format('p.%I operator(%I.%s) o.%I', r.attname, s.nspname, q.oprname, f.attname), ' and ') as parent,
               string_agg(format('r.c%s operator(%I.%s) o.%I', t.attnum, s.nspname, q.oprname, f.attname), ' and ') as deleted,
               string_agg(format('o.%I is not null', f.attname), ' and ') as given,
               bool_and(t.attnum = any (v_key.row_key)) and not v_key.truncated as in_key
        into v_columns
        from unnest(v_key.confkey, v_key.conkey, v_key.conpfeqop) c (referred, referring, operator)
        join pg_attribute r on r.attrelid = v_key.confrelid and r.attnum = c.referred
        join pg_attribute t on t.attrelid = v_key.target and t.attname = r.attname and not t.attisdropped
        join pg_attribute f on f.attrelid = v_key.conrelid and f.attnum = c.referring
        join pg_operator q on q.oid = c.operator
        join pg_namespace s on s.oid = q.oprnamespace;
        -- An update changes no column by which events find their row.
        continue when not (v_key.truncated or v_key.deletes or v_key.updates and not v_columns.in_key);
        v_query := format('select from %s o where %s%s and not exists (select from %s p where %s) limit 1',
            v_key.conrelid::regclass, v_columns.given,
            case when v_columns.in_key
                 then format(' and exists (select from pg_temp.pgtide_rows_%s r where r.op = ''D'' and %s)', v_key.nr, v_columns.deleted)
                 else '' end,
            v_key.confrelid::regclass, v_columns.parent);
        v_runner := null;
        if pgtide.foreign_code(v_key.conrelid) is not null or pgtide.foreign_code(v_key.confrelid) is not null then
            v_owners := array(select distinct c.relowner from pg_class c where c.oid in (v_key.conrelid, v_key.confrelid)
                              and c.relowner <> (select r.oid from pg_roles r where r.rolname = current_user));
            if cardinality(v_owners) > 1 then
                raise exception 'foreign key "%" of table % cannot be checked: indexes or checks of the tables run code, and the tables are not one'
                    ' role''s', v_key.conname, pgtide.table_name(v_key.conrelid) using errcode = 'TD007';
            end if;
            if v_owners <> '{}' then
                v_runner := pgtide.owner_runner(v_owners[1]);
                execute format('grant select on pg_temp.pgtide_rows_%s to %I', v_key.nr,
                    (select r.rolname from pg_roles r where r.oid = v_owners[1]));
            end if;
        end if;
        if pgtide.run(v_runner, v_query) > 0 then
            raise exception 'foreign key "%" of table % refers to rows that are to be deleted', v_key.conname, pgtide.table_name(v_key.conrelid)
                using errcode = 'foreign_key_violation', constraint = v_key.conname::text,
                    schema = (select n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = v_key.conrelid),
                    table = (select c.relname::text from pg_class c where c.oid = v_key.conrelid);
        end if;
    end loop;
end;
$$;
