-- pgtide._captured_relations(i_queue)
--
-- Lists the relations whose changes go into a queue by the capture of pgtide, with the state of each capture: the tables of
-- pgtide._captured_tables and all their partitions.
--
-- Returns: table (root, name, relation, queue_id, function, whole, shared, replaced, stale)
--              root, name  the replicated table, and its name in the queue
--              relation    the table itself, or a partition
--              function    the name of the function that its triggers call; null: it has none
--              whole       all triggers exist
--              shared      the triggers call several functions, or one that another table's triggers call
--              replaced    it is not the table that was captured under this name: it was renamed, or was dropped and created again with
--                          triggers (a restore of this table alone). False after a restore of the whole database: there all OIDs differ
--              stale       the function was made for another shape or other OIDs, and so does its work the slow way; or it could write a row
--                          table and does not, or that is missing
-- Writes: nothing
create or replace function pgtide._captured_relations(i_queue text)
returns table (root oid, name text, relation oid, queue_id int, function name, whole bool, shared bool, replaced bool, stale bool)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.root, c.name, r.relation, q.queue_id, p.proname, t.whole,
           t.functions > 1 or exists (select from pgtide._calling_tables(t.function) g (relation) where g.relation <> r.relation),
           case when p.fits then false else r.relation = c.root and position('pgtide.capture_root(' in p.prosrc) > 0 and (
               position(format(', %L, ''f'');', c.name) in p.prosrc) = 0
               or position(format(' for %s ', r.relation) in p.prosrc) = 0
                   and position(substring(m.made_for from ' into .*') in p.prosrc) > 0) end,
           case when p.fits then p.rows = '-' and p.ours and (select w.columns is not null from pgtide._row_table(q.queue_id, c.root) w)
                    or to_regclass(nullif(p.rows, '-') || '_0') is null and p.rows <> '-'
                else position(m.made_for in p.prosrc) = 0 or position(m.shape in p.prosrc) = 0 end
    from pgtide._captured_tables(i_queue) c
    join pgq.queue q on q.queue_name = i_queue
    cross join lateral pgtide.table_tree(c.root) r (relation)
    cross join lateral (
        select count(distinct g.suffix) = 5 as whole, count(distinct g.function) as functions, min(g.function) as function
        from pgtide.capture_triggers(q.queue_id, r.relation) g) t
    cross join lateral (
        select pgtide._capture_made_for(q.queue_id, r.relation, c.root) as made_for,
               quote_literal(pgtide.capture_shape(r.relation, c.root)) as shape offset 0) m
    -- The text is long, and its beginning names what it was made for. If that is still the case, the rest is not read.
    left join lateral (
        select f.proname, f.prosrc, position(m.made_for in f.start) > 0 and position(m.shape in f.start) > 0 as fits,
               substring(f.start from ' rows (\S+) \.') as rows, f.ours
        from (select x.proname, x.prosrc, substring(x.prosrc for 1000) as start, pg_has_role(x.proowner, 'USAGE') as ours from pg_proc x where x.oid = t.function offset 0) f
        offset 0) p on true;
$$;
