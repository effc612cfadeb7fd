-- pgtide.chunk_target(i_queue, i_table, i_columns)
--
-- On the subscriber, in the transaction that stores a chunk: prepares the relation to which COPY writes the rows of a table.
--
-- Returns: text, for COPY: the table with its columns in their order, or pg_temp.pgtide_copy
-- Writes: as pgtide._disable_triggers_and_actions; if the table is written as its owner, it creates the temporary tables pgtide_copy and
--         pgtide_copy_move
-- Errors: as pgtide.table_runner, pgtide._disable_triggers_and_actions
--
-- COPY writes to the table itself if this role does so (pgtide.table_runner). Otherwise it writes to the stage pgtide_copy,
-- from which pgtide.commit_chunk moves the rows as the table's owner. In the stage a column of a domain has its base type,
-- and one of a type that is not PostgreSQL's own is text.
--
-- Without replica mode, triggers that were created since the copy was planned are disabled first, under a lock that lets no
-- more be created.
create or replace function pgtide.chunk_target(i_queue text, i_table text, i_columns text[])
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table oid := (select londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) from londiste.table_info t
                    where t.queue_name = i_queue and t.table_name = i_table);
    v_columns text := (select string_agg(quote_ident(c), ', ' order by nr) from unnest(i_columns) with ordinality u (c, nr));
    v_runner text;
    v_stage text;
    v_values text;
begin
    if current_setting('session_replication_role') <> 'replica' then
        execute format('lock table %s in row exclusive mode', v_table::regclass);
        perform pgtide._disable_triggers_and_actions(i_queue, array[v_table]);
    end if;
    v_runner := pgtide.table_runner(v_table);
    if v_runner is null then
        return v_table::regclass || coalesce(' (' || v_columns || ')', '');
    end if;
    select string_agg(format('c%s %s', c.nr, case when c.safe then format_type(c.base, c.base_typmod) else 'text' end), ', ' order by c.nr),
           string_agg(case when c.safe then 's.c' || c.nr
                           else format('(jsonb_populate_record(null::%s, jsonb_build_object(%L, s.c%s))).%I',
                                       v_table::regclass, c.name, c.nr, c.name) end,
                      ', ' order by c.nr)
    into v_stage, v_values
    from (select u.nr, u.name, b.oid as base, b.oid < 16384 as safe,
                 case when b.oid = a.atttypid then a.atttypmod else pgtide._base_typmod(a.atttypid) end as base_typmod
          from unnest(i_columns) with ordinality u (name, nr)
          join pg_attribute a on a.attrelid = v_table and a.attname = u.name
          cross join lateral pgtide._base_type(a.atttypid) as b (oid)) c;
    execute format('create temp table pgtide_copy (%s) on commit drop', coalesce(v_stage, ''));
    perform pgtide._grant_to_owner('pgtide_copy', v_table);
    create temp table pgtide_copy_move on commit drop as
    select v_runner as runner, format('insert into %s %s overriding system value select %s from pg_temp.pgtide_copy s',
                                      v_table::regclass, '(' || v_columns || ')', v_values) as statement;
    return 'pg_temp.pgtide_copy';
end;
$$;
