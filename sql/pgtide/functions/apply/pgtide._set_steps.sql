-- pgtide._set_steps(i_nrs, i_replica)
--
-- On the subscriber: lists the set-wise statements for tables of pgtide_work in the order in which they run.
--
-- Arguments: i_nrs - numbers in pgtide_work; i_replica - as for pgtide.apply_stage
-- Returns: nr; op: E (event by event, for tables whose rows no one key tells apart), D, U, I; four rows for each table
-- Writes: nothing
--
-- The order is E of all tables, then D, U, I table by table, without replica mode parents first. Foreign keys that only
-- check wait for the end of the transaction, so deletes can come first, which frees unique values. If live foreign keys act
-- on a delete (cascade, set null), the deletes of the tables that they refer to come last, children first: earlier, they
-- might cascade to rows that an update of the same slice moves away.
create or replace function pgtide._set_steps(i_nrs int[], i_replica bool)
returns table (nr int, op text) language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select w.nr, p.op
    from (select t.nr, t.rank, not i_replica and t.oid in (
              select k.confrelid from pg_constraint k where k.contype = 'f' and k.confdeltype <> 'a') as late
          from pg_temp.pgtide_work t where t.nr = any (i_nrs)) w,
         (values ('E', 1), ('D', 2), ('U', 3), ('I', 4)) p (op, turn)
    order by case when p.op = 'E' then 0 when p.op = 'D' and w.late then 2 else 1 end,
             case when i_replica then 0 when p.op = 'D' and w.late then -w.rank else w.rank end,
             w.nr, p.turn;
$$;
