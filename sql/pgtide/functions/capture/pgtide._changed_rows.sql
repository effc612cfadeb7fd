-- pgtide._changed_rows(i_table, i_root)
--
-- The rows that the statements of a capture write, for each kind of statement: see pgtide.capture_statement.
--
-- Arguments: i_table - the table that the trigger is on; i_root - the table that is replicated
-- Returns: table (statement, nr, op, source): statement, as i_op of pgtide.capture_statement; nr, the order of those of one
--          statement; op, I, U or D; source, SQL for FROM that gives the table's columns; null for UPDATE KEYS of a table without a key
-- Writes: nothing
create or replace function pgtide._changed_rows(i_table oid, i_root oid)
returns table (statement text, nr int, op text, source text) language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_keys text := (select string_agg(quote_ident(k), ', ') from unnest(pgtide.table_key(i_root)) k);
    v_net text;
    -- Columns of the user's may have any name.
    v_free int := (select g from generate_series(1, 1700) g
                   where not exists (select from pg_attribute a where a.attrelid = i_table and a.attname in ('nr ' || g, 'copy ' || g)) limit 1);
begin
    v_net := replace(replace(replace('(select row_number() over () as <nr>, * from %s) n join (select abs(%s(<nr>)) as <nr>,'
        ' generate_series(1, greatest(abs(sum(sign(<nr>)))::int, 1)) as <copy> from'
        ' (select row_number() over () as <nr>, <keys> from pgtide_new union all select - row_number() over (), <keys> from pgtide_old) k'
        ' group by <keys> having sum(sign(<nr>)) %s) k using (<nr>) order by <nr>',
        '<nr>', format('"nr %s"', v_free)), '<copy>', format('"copy %s"', v_free)), '<keys>', replace(v_keys, '%', '%%'));
    return query
        select * from (values
            ('INSERT', 1, 'I', 'pgtide_new'),
            ('DELETE', 1, 'D', 'pgtide_old'),
            ('EMPTY', 1, 'D', i_table::regclass::text),
            ('FILL', 1, 'I', i_table::regclass::text),
            ('UPDATE', 1, 'U', 'pgtide_new'),
            ('UPDATE KEYS', 1, 'D', '(select * from ' || format(v_net, 'pgtide_old', 'min', '< 0') || ')'),
            ('UPDATE KEYS', 2, 'U', '(select * from ' || format(v_net, 'pgtide_new', 'max', '= 0') || ')'),
            ('UPDATE KEYS', 3, 'I', '(select * from ' || format(v_net, 'pgtide_new', 'max', '> 0') || ')')) s;
end;
$$;
