-- pgtide._find_own_keys()
--
-- On the subscriber, in replica mode, in which no foreign key is checked: looks up the foreign keys by which tables that are
-- not replicated here refer to tables of pgtide_work. pgtide._check_own_keys checks them: replay must not leave rows of such
-- tables without the rows that they refer to.
--
-- Returns: int, the number of keys; 0 when there are none
-- Writes: nothing; it creates the temporary table pgtide_own_keys (nr, key)
--
-- Tables of pgtide_work whose rows are only inserted are left out. So are keys that are not enforced, and keys of tables
-- that this role may not read, or reads under the policies of row security, which would hide rows, or whose owner is another
-- role (not a superuser) for which it may not act.
create or replace function pgtide._find_own_keys()
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count int;
begin
    create temp table pgtide_own_keys on commit drop as
    with changed as (
        select w.nr, r.relation
        from pg_temp.pgtide_work w join pg_class c on c.oid = w.oid
        cross join lateral (select w.oid where c.relkind <> 'p' union all select pgtide.table_tree(w.oid) where c.relkind = 'p') r (relation)
        where w.truncated
           or w.table_name in (select k.table_name from pg_temp.pgtide_kinds k where k.op in ('D', 'U')))
    select c.nr, k.oid as key
    from changed c join pg_constraint k on k.confrelid = c.relation and k.contype = 'f'
    where coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0 and coalesce((to_jsonb(k)->>'conenforced')::bool, true)
      and k.conrelid not in (select relation from changed)
      and (select bool_and(pg_has_role(o.oid, 'MEMBER')) from unnest(pgtide.foreign_owners(k.conrelid)) o (oid)) is not false
      and has_table_privilege(k.conrelid, 'select') and not row_security_active(k.conrelid)
      and not exists (
          select from unnest(pgtide.above_partition(array[k.conrelid])) a (relation)
          join londiste.table_info t on coalesce(t.dest_table, t.table_name) = pgtide.table_name(a.relation)
          where t.local);
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;
