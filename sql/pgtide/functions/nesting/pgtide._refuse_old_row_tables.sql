-- pgtide._refuse_old_row_tables(i_queue_id)
--
-- For transactions in REPEATABLE READ and SERIALIZABLE on the provider, before a capture looks for rows that the transaction has stored: makes
-- sure that its snapshot knows all row tables (pgq.row_table) of the queue. Functions are called in their latest version, whatever the
-- snapshot, so the transaction may have written into a row table that it cannot find.
--
-- Returns: nothing; in READ COMMITTED it does nothing
-- Writes: nothing
-- Errors: 40001 a row table was created after the transaction began
create or replace function pgtide._refuse_old_row_tables(i_queue_id int)
returns void language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') = 'read committed' or to_regclass('pgq.row_table') is null then
        return;
    end if;
    if exists (
        select from generate_series(1, (select s.last_value from pgq.row_table_rt_id_seq s)) n (id)
        where not exists (select from pgq.row_table r where r.rt_id = n.id)
          and to_regclass(format('pgq.rows_%s_%s_0', i_queue_id, n.id)) is not null)
    then
        raise exception 'could not serialize access due to a change of the captures' using errcode = '40001',
            hint = 'A table''s capture was changed after this transaction began; run the transaction again.';
    end if;
end;
$$;
