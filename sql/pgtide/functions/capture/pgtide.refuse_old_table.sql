-- pgtide.refuse_old_table(i_table, i_root)
--
-- For writers in REPEATABLE READ and SERIALIZABLE: makes sure that the transaction's snapshot knows the shape of the table and of
-- the tables above it up to i_root (pgtide._catalog_changed).
--
-- Returns: nothing
-- Writes: nothing
-- Errors: 40001 the snapshot does not know it: the table was altered after the transaction began
create or replace function pgtide.refuse_old_table(i_table oid, i_root oid)
returns void language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if pgtide._catalog_changed(i_table, i_root) then
        raise exception 'could not serialize access due to a change of table %', pgtide.table_name(i_table) using errcode = '40001',
            hint = 'The table was altered after this transaction began; run the transaction again.';
    end if;
end;
$$;
