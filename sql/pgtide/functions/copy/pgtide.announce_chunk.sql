-- pgtide.announce_chunk(i_queue, i_stale_before)
--
-- On the subscriber: claims the next chunk to copy. It runs in a separate transaction that must be committed before the
-- chunk's snapshot is taken.
--
-- Arguments: i_stale_before - chunks that were announced earlier may be claimed again, because their run has ended
-- Returns: table_name, chunk_no, attempt, generation, lower_key, upper_key (the lower key of the next chunk; null:
--          unbounded); table_name null when there is no chunk to copy
-- Writes: pgtide.copy_chunk
--
-- Pending chunks come first, then stale ones. If the run of a stale chunk is alive after all, its commit will find that the
-- attempt has changed. One row of each table in copy is read, however many chunks are done (the partial index
-- copy_chunk_open).
create or replace function pgtide.announce_chunk(i_queue text, i_stale_before timestamptz,
    out table_name text, out chunk_no int, out attempt int, out generation int, out lower_key text[], out upper_key text[])
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    for v_turn in 1 .. 2 loop
        -- The choice is a CTE, which is evaluated once: a subquery in FROM may run for each row of c, and choose another
        -- chunk each time.
        with next as (
            select t.table_name, p.chunk_no, t.generation
            from (select s.table_name, s.generation from pgtide.table_state s
                  where s.queue_name = i_queue and s.phase = 'copying' and s.error is null
                  order by s.total_rows_estimate desc, s.table_name) t
            cross join lateral (
                select o.chunk_no from pgtide.copy_chunk o
                where o.queue_name = i_queue and o.table_name = t.table_name and o.state <> 'copied'
                  and (v_turn = 1 and o.state = 'pending' or v_turn = 2 and o.state = 'announced' and o.announced_at < i_stale_before)
                order by o.chunk_no limit 1
                for update skip locked) p
            limit 1
        )
        update pgtide.copy_chunk c
        set state = 'announced', attempt = c.attempt + 1, announced_at = clock_timestamp()
        from next n
        where c.queue_name = i_queue and c.table_name = n.table_name and c.chunk_no = n.chunk_no
        returning c.table_name, c.chunk_no, c.attempt, n.generation, c.lower_key,
            (select u.lower_key from pgtide.copy_chunk u
             where u.queue_name = i_queue and u.table_name = c.table_name and u.chunk_no = c.chunk_no + 1)
        into table_name, chunk_no, attempt, generation, lower_key, upper_key;
        exit when table_name is not null;
    end loop;
end;
$$;
