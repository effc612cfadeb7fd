-- pgtide.feeding_subscriptions(i_table)
--
-- The native subscriptions that write into a table or a partition of it.
--
-- Returns: text, their names; null if there are none
-- Writes: nothing
create or replace function pgtide.feeding_subscriptions(i_table oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(distinct coalesce(s.subname::text, r.srsubid::text), ', ')
    from pgtide.table_tree(i_table) t (relation)
    join pg_subscription_rel r on r.srrelid = t.relation
    left join pg_stat_subscription s on s.subid = r.srsubid;
$$;
