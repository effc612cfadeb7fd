-- pgtide.capture_check(i_table, i_root, i_op) returns text
--
-- The SQL that asks, after a DELETE or an UPDATE of keys was captured, whether a key that a row has left is in the table all the
-- same: then another part of the same statement put it there, and its event may stand before the delete's. Each key is looked
-- up in the index, whatever the plan was made for. A table of ours without partitions is named in the SQL itself: whoever could make its look-up
-- run code of others must own it. For the others it is asked at run time as whom to look (pgtide.capture_look), for a thousand keys at a
-- time. false for a table without a key, and for one that may not be looked into (pgtide.capture_reader; the policies of row security).
create or replace function pgtide.capture_check(i_table oid, i_root oid, i_op text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when cardinality(k.key) = 0 or pgtide.capture_way(i_table) = 'unread' then 'select false'
        when pgtide.capture_way(i_table) is null then format('select case when row_security_active(%s::oid) then false'
            ' else exists (select from %s where (select true from %s t where %s limit 1)) end',
            i_table, k.gone, i_table::regclass, pgtide.key_match(i_root, 't', 'o'))
        else format('select exists (select from (select json_agg(k.key order by k.nr) as keys'
            ' from (select row_to_json(o.*) as key, row_number() over () as nr from (select %s from %s) o) k group by k.nr / 1000) k'
            ' cross join lateral pgtide.capture_look(%s, %L, k.keys, false) l)',
            (select string_agg(c.expression || ' as ' || quote_ident(c.column_name), ', ')
             from pgtide.capture_columns(i_root) c where c.column_name = any (k.key)),
            k.gone, i_table, pgtide.look_query(i_table, i_root, 'json')) end
    from (select pgtide.table_key(i_root) as key, case when i_op = 'UPDATE' then format(
              '(select o.* from pgtide_old o where not exists (select from pgtide_new n where %s)) o', pgtide.key_match(i_root, 'n', 'o'))
              else 'pgtide_old o' end as gone) k;
$$;
