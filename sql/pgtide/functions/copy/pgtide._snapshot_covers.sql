-- pgtide._snapshot_covers(i_later, i_earlier)
--
-- Returns whether i_later sees every transaction that i_earlier sees. If so, no event after i_later can be in i_earlier.
--
-- Returns: bool; null when one of them is null
-- Writes: nothing
--
-- Both must come from one server. It is true also while an old transaction is open, if both saw it as open.
create or replace function pgtide._snapshot_covers(i_later txid_snapshot, i_earlier txid_snapshot)
returns bool language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select txid_snapshot_xmax(i_earlier) <= txid_snapshot_xmax(i_later)
       and not exists (
           select from txid_snapshot_xip(i_later) x
           where x < txid_snapshot_xmax(i_earlier) and txid_visible_in_snapshot(x, i_earlier));
$$;
