-- pgtide._snapshot_with(i_snapshot, i_txid)
--
-- Adds a transaction to the running ones of a snapshot.
--
-- Returns: txid_snapshot; i_snapshot itself when it counts i_txid as running, or not yet begun, already
-- Writes: nothing
create or replace function pgtide._snapshot_with(i_snapshot txid_snapshot, i_txid bigint)
returns txid_snapshot language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when not txid_visible_in_snapshot(i_txid, i_snapshot) then i_snapshot
                else format('%s:%s:%s', least(txid_snapshot_xmin(i_snapshot), i_txid), txid_snapshot_xmax(i_snapshot),
                            (select string_agg(x.txid::text, ',' order by x.txid)
                             from (select i_txid as txid union select txid_snapshot_xip(i_snapshot)) x))::txid_snapshot end;
$$;
