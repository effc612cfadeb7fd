-- pgtide._foreign_key_ranks(i_tables)
--
-- Computes how deep each table lies under the tables that it refers to, among the given ones: parents have lower ranks.
--
-- Returns: oid, rank, one row for each table; 0 when it refers to none of the others
-- Writes: nothing
--
-- A circle is broken at its table with the lowest OID. The constraints of the circle are checked at the end in any case.
--
-- A table gets its rank once all tables that it refers to have theirs (Kahn's topological order), so the work grows with
-- tables and keys, not with the length of chains of keys.
create or replace function pgtide._foreign_key_ranks(i_tables oid[])
returns table (oid oid, rank int) language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tables oid[] := array(select distinct t from unnest(i_tables) t order by t);
    v_count int := cardinality(v_tables);
    -- Keys as positions of the referring tables in v_tables, ordered by the table referred to. Those of table i are
    -- v_first[i] .. v_first[i + 1] - 1.
    v_children int[];
    v_first int[];
    v_waiting int[];
    v_ranks int[] := array_fill(0, array[greatest(v_count, 1)]);
    v_order int[] := '{}';
    v_done int := 0;
    v_next int := 1;
    v_parent int;
    v_child int;
begin
    with tables as (
        select t.oid as relation, t.nr::int from unnest(v_tables) with ordinality t (oid, nr)
    ), keys as (
        select distinct p.nr as parent, c.nr as child
        from pg_constraint k join tables p on p.relation = k.confrelid join tables c on c.relation = k.conrelid
        where k.contype = 'f' and p.nr <> c.nr
    )
    select array_agg(k.child order by k.parent, k.child),
           array(select (1 + coalesce(sum(c.keys) over (order by g.nr rows between unbounded preceding and 1 preceding), 0))::int
                 from generate_series(1, v_count + 1) g (nr)
                 left join (select parent, count(*) as keys from keys group by parent) c on c.parent = g.nr
                 order by g.nr),
           array(select count(k.child)::int from tables t left join keys k on k.child = t.nr group by t.nr order by t.nr)
    into v_children, v_first, v_waiting
    from keys k;
    v_order := array(select nr::int from unnest(v_waiting) with ordinality w (keys, nr) where w.keys = 0 order by nr);
    while v_done < v_count loop
        v_done := v_done + 1;
        if v_done > cardinality(v_order) then
            while v_waiting[v_next] <= 0 loop
                v_next := v_next + 1;
            end loop;
            v_waiting[v_next] := 0;
            v_order := v_order || v_next;
        end if;
        v_parent := v_order[v_done];
        v_waiting[v_parent] := -1;
        for i in v_first[v_parent] .. v_first[v_parent + 1] - 1 loop
            v_child := v_children[i];
            continue when v_waiting[v_child] < 1;
            v_ranks[v_child] := greatest(v_ranks[v_child], v_ranks[v_parent] + 1);
            v_waiting[v_child] := v_waiting[v_child] - 1;
            if v_waiting[v_child] = 0 then
                v_order := v_order || v_child;
            end if;
        end loop;
    end loop;
    return query select t.oid, t.rank from unnest(v_tables, v_ranks[1:v_count]) t (oid, rank);
end;
$$;
