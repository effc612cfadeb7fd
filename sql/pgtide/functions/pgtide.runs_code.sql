-- pgtide.runs_code(i_table [, i_replica]) returns bool
--
-- Whether a write to the table may run code that its owner has put there, or somebody with rights on it: in a check, a default, a
-- generated column, an index, a partition key, a trigger or rule that fires, or the type of a column. What consists of
-- PostgreSQL's own functions alone does not count (pgtide.plain_tree). A domain always does, and a composite type, which may get one:
-- no lock on the table keeps a type as it is. So does a range type with a function of its own. Foreign keys and row security do not count:
-- keys run as the tables' owners, and under row_security = off a policy is an error.
--   i_replica  whether triggers and rules fire as in replica mode; NULL: as in the session's mode
-- To be asked under a lock that keeps others from changing the table.
-- Volatile: it reads what is committed now.
create or replace function pgtide.runs_code(i_table oid, i_replica bool default null)
returns bool language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    c_replica constant bool := coalesce(i_replica, current_setting('session_replication_role') = 'replica');
begin
    return exists (
        with recursive tree as (
            select pgtide.table_tree(i_table) as oid
        ), type as (
            select a.atttypid as oid from pg_attribute a
            where a.attrelid = i_table and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384
            union
            select n.oid from type p join pg_type t on t.oid = p.oid
            cross join lateral (
                select t.typelem where t.typelem <> 0
                union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid or (to_jsonb(r)->>'rngmultitypid')::oid = t.oid
                union all select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) n (oid)
        )
        select from tree t join pg_constraint k on k.conrelid = t.oid where k.contype = 'c' and not pgtide.plain_tree(k.conbin::text)
        union all
        select from tree t join pg_attrdef d on d.adrelid = t.oid where not pgtide.plain_tree(d.adbin::text)
        union all
        select from tree t join pg_index i on i.indrelid = t.oid
        where not pgtide.plain_tree(coalesce(i.indexprs::text, '') || coalesce(i.indpred::text, ''))
        union all
        select from tree t join pg_partitioned_table p on p.partrelid = t.oid where not pgtide.plain_tree(p.partexprs::text)
        union all
        select from tree t join pg_trigger g on g.tgrelid = t.oid join pg_proc p on p.oid = g.tgfoid
        where not g.tgisinternal and g.tgenabled in ('A', case when c_replica then 'R' else 'O' end)
          and p.pronamespace <> 'pgtide'::regnamespace
        union all
        select from tree t join pg_rewrite w on w.ev_class = t.oid where w.ev_enabled in ('A', case when c_replica then 'R' else 'O' end)
        union all
        -- Foreign tables, and tables with children: anything may become a child meanwhile.
        select from tree t join pg_class c on c.oid = t.oid
        where c.relkind not in ('r', 'p') or c.relkind = 'r' and c.relhassubclass
        union all
        select from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent in (select oid from tree) and c.relkind not in ('r', 'p')
        union all
        select from type p join pg_type t on t.oid = p.oid where t.oid >= 16384 and t.typtype in ('d', 'c')
        union all
        select from type p join pg_range r on r.rngtypid = p.oid where r.rngcanonical >= 16384 or r.rngsubdiff >= 16384);
end;
$$;
