-- pgtide.refuse_old_table(i_table, i_root) returns void
--
-- For writers in REPEATABLE READ and SERIALIZABLE: makes sure that the transaction's snapshot knows the shape of the table and of what is above
-- it up to i_root (pgtide._catalog_changed).
-- Errors: 40001 it does not
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
