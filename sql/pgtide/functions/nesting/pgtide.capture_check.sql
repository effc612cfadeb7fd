-- pgtide.capture_check(i_table, i_root, i_op)
--
-- The SQL that asks, after a DELETE or an UPDATE of keys was captured, whether its events may be insufficient to know what has
-- become of a key:
--
--   - the key was left more often than taken, and is in the table nevertheless: then another part of the same statement put it there, and that
--     part's event may be before the delete's;
--   - the key was left more than once: then another part had inserted it, and the action of a foreign key of the table to itself has
--     reached that row, too.
--
-- Arguments: i_table - the table that the trigger is on; i_root - the table that is replicated; i_op - DELETE, UPDATE, or ROW: a
--            DELETE of a single row
-- Returns: text, SQL that returns a boolean: "select false" for a table that has no key or that may not be looked into
--          (pgtide._capture_reader). The SQL itself also returns false if row security hides rows of a table that it names
-- Writes: nothing
--
-- Most often nothing is looked up: a transaction that has neither inserted a row nor updated one has put no key there.
--
-- Each key is looked up in the index, whatever the plan was made for. A table of ours without partitions is named in the SQL
-- itself: a role that could make its look-up run code of others would have to own it. For other tables the SQL asks at run time
-- as which role to look (pgtide.capture_look), for a thousand keys at a time.
create or replace function pgtide.capture_check(i_table oid, i_root oid, i_op text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Another part of the statement has inserted or updated nothing if the transaction has not. The counts of a partitioned table are those of
    -- its partitions.
    v_quiet text := format('current_setting(''track_counts'') = ''on'''
        ' and pg_stat_get_xact_tuples_inserted(%1$s) + pg_stat_get_xact_tuples_updated(%1$s) = 0', i_table);
    v_check text;
begin
    v_check := (
        select case when cardinality(k.key) = 0 or pgtide._look_mode(i_table) = 'unread' then 'select false'
            when pgtide._look_mode(i_table) is null then format('select case when row_security_active(%s::oid) then false'
                ' else exists (select from %s where (select true from %s t where %s limit 1)) or %s end',
                i_table, k.gone, i_table::regclass, pgtide.key_match(i_root, 't', 'o'), k.twice)
            else format('select exists (select from (select json_agg(k.key order by k.nr) as keys'
                ' from (select row_to_json(o.*) as key, row_number() over () as nr from (select %s from %s) o) k group by k.nr / 1000) k'
                ' cross join lateral pgtide.capture_look(%s, %L, k.keys, false) l) or %s',
                (select string_agg(c.expression || ' as ' || quote_ident(c.column_name), ', ')
                 from pgtide._capture_columns(i_root) c where c.column_name = any (k.key)),
                k.gone, i_table, pgtide._look_query(i_table, i_root, 'json'), k.twice) end
        from (select n.key, n.gone, case when i_op = 'ROW' then 'false' else format('case when exists (select from pg_constraint c'
                         ' where c.contype = ''f'' and c.conrelid in (%1$s, %2$s) and c.confrelid in (%1$s, %2$s))'
                         ' then exists (select from %3$s group by %4$s having count(*) > 1) else false end',
                         i_table, i_root, n.gone, n.names) end as twice
              from (select k.key, k.names, case when i_op = 'UPDATE' then format(
                               '(select %1$s from pgtide_old except all select %1$s from pgtide_new) o', k.names) else 'pgtide_old o' end as gone
                    from (select t.key, (select string_agg(quote_ident(c), ', ') from unnest(t.key) c) as names
                          from pgtide.table_key(i_root) t (key)) k) n) k);
    return case when i_op in ('ROW', 'DELETE') and v_check <> 'select false'
                 and exists (select from pg_class c where c.oid = i_table and c.relkind = 'r' and not c.relhassubclass)
        then format('select case when %s then false else (%s) end', v_quiet, v_check) else v_check end;
end;
$$;
