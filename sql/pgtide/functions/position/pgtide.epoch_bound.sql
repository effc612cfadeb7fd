-- pgtide.epoch_bound(i_skew_ms [, i_now])
--
-- The highest lease epoch that can be true here. Epochs are times in milliseconds since 1970 (lib/lease/lease-store.ts), so an
-- epoch that is later than this server's clock by more than clocks may differ is due to a wrong clock.
--
-- Arguments: i_skew_ms - by how much clocks may differ; at least a minute is allowed
-- Returns: bigint
-- Writes: nothing
create or replace function pgtide.epoch_bound(i_skew_ms bigint, i_now timestamptz default clock_timestamp())
returns bigint language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select (extract(epoch from i_now) * 1000)::bigint + greatest(i_skew_ms, 60000);
$$;
