-- pgtide._refuse_old_tree(i_table)
--
-- For transactions in REPEATABLE READ and SERIALIZABLE on the provider, before a capture itself looks into a table with
-- partitions: makes sure that each partition is what it was when the transaction began, with the same owner, and that none has
-- been added.
--
-- Returns: nothing; in READ COMMITTED it does nothing
-- Writes: nothing
-- Errors: 40001 a partition was altered or attached after the transaction began
--
-- In these isolation levels the catalog is read as it was when the transaction began, and queries are planned as it is now.
--
-- Before PostgreSQL 12 new partitions are not noticed.
create or replace function pgtide._refuse_old_tree(i_table oid)
returns void language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known bigint;
    v_changed bigint;
    v_now bigint;
begin
    if current_setting('transaction_isolation') = 'read committed'
            or exists (select from pg_class c where c.oid = i_table and c.relkind = 'r' and not c.relhassubclass) then
        return;
    end if;
    with recursive tree as (
        select i_table as oid
        union
        -- A partition that is being detached concurrently is not read any more. The column came with PostgreSQL 14.
        select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid and (to_jsonb(i)->>'inhdetachpending')::bool is not true
    )
    select count(*), count(*) filter (where currtid2('pg_class', c.ctid) <> c.ctid) into v_known, v_changed
    from tree t join pg_class c on c.oid = t.oid;
    if current_setting('server_version_num')::int >= 120000 and exists (select from pg_class c where c.oid = i_table and c.relkind = 'p') then
        execute 'select count(*) from pg_partition_tree($1)' into v_now using i_table::regclass;
    end if;
    if v_changed > 0 or v_now <> v_known then
        raise exception 'could not serialize access due to a change of table %', pgtide.table_name(i_table) using errcode = '40001',
            hint = 'A partition of the table was altered or attached after this transaction began; run the transaction again.';
    end if;
end;
$$;
