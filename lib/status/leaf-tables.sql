-- The tables that a subscriber follows, with the progress and the problems of each.
-- $1: the queue.
-- In psql: \bind shop
select t.table_name as name, t.merge_state as "mergeState",
       londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) is not null as exists,
       coalesce((select sum(c.rows) from pgtide.copy_chunk c
                  where c.queue_name = t.queue_name and c.table_name = t.table_name
                    and c.state = 'copied'), 0)::bigint as "copiedRows",
       s.total_rows_estimate as "totalRowsEstimate", s.error,
       exists (select from pgtide.member_change m where m.queue_name = t.queue_name and m.table_name = t.table_name
                 and m.change = 'leaving') as leaving,
       coalesce(n.missing, 0)::bigint as missing, coalesce(n.conflicts, 0)::bigint as conflicts,
       (select extract(epoch from now() - max(c.announced_at))::float8 from pgtide.copy_chunk c
         where c.queue_name = t.queue_name and c.table_name = t.table_name
        having bool_or(c.state <> 'copied')) as "idleCopySeconds",
       (select d.object_name || ': ' || d.error from pgtide.saved_ddl d
         where d.queue_name = t.queue_name and d.table_name = t.table_name and d.error is not null
         limit 1) as "restoreError"
  from londiste.table_info t
  left join pgtide.table_state s on s.queue_name = t.queue_name and s.table_name = t.table_name
  left join pgtide.table_stats n on n.queue_name = t.queue_name and n.table_name = t.table_name
 where t.queue_name = $1 and t.local
 order by t.nr;
