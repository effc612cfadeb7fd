-- pgtide.set_steps(i_nrs, i_replica) returns table (nr, op)
--
-- The order in which set-wise statements run: C collapses, then D, U, I table by table. While foreign keys are live: inserts
-- and updates from the parents down, then deletes from the children up; a delete first might cascade to rows that an
-- update of the same slice moves away.
create or replace function pgtide.set_steps(i_nrs int[], i_replica bool)
returns table (nr int, op text) language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select w.nr, p.op
    from pg_temp.pgtide_work w, (values ('C', 1), ('D', 2), ('U', 3), ('I', 4)) p (op, turn)
    where w.nr = any (i_nrs)
    order by case when i_replica then w.nr when p.op = 'D' then 2 when p.op = 'C' then 0 else 1 end,
             case when i_replica then 0 when p.op = 'D' then -w.rank else w.rank end,
             w.nr,
             case when not i_replica and p.op = 'I' then 0 else p.turn end;
$$;
