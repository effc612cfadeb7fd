-- pgtide.capture_shape(i_table, i_root)
--
-- A mark of all that the statements of a capture depend on: the names of the table and of the replicated one, the key and how it
-- is compared, the names and types of the columns, and how the table is looked into (pgtide._look_mode).
--
-- Returns: text
-- Writes: nothing
--
-- It changes when a column is added, dropped, renamed or retyped, when a name or the key changes, when a partition is detached,
-- and when the table must be looked into in another way. Only the content of the catalog counts, and not when it was written: it
-- is the same after a restore, pg_upgrade or a grant.
--
-- It and the functions that it calls are in PL/pgSQL, which keeps plans: a writer in REPEATABLE READ asks at each statement, and
-- a function in SQL would be planned each time.
--
-- Volatile: it reads what is committed now, whatever statement asks.
create or replace function pgtide.capture_shape(i_table oid, i_root oid)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select md5(concat_ws(' ', pgtide.table_name(i_table), pgtide.table_name(i_root), pgtide.table_key(i_root)::text,
            array(select a.attname || ' ' || a.atttypid
                  from pg_attribute a where a.attrelid = (select i_table) and a.attnum > 0 and not a.attisdropped order by a.attnum)::text,
            case when i_table <> i_root and not pgtide.is_under(i_table, i_root) then 'detached' end,
            pgtide.key_match(i_root, 'o', 'n'), w.way, case when w.way = 'looked' then pgtide._look_query(i_table, i_root, 'json')::text end))
        from pgtide._look_mode(i_table) w (way));
end;
$$;
