-- pgtide._row_tables(i_queue_id [, i_nr, i_filled, i_name])
--
-- On the provider: the row tables (pgq.row_table) of a queue.
--
-- Arguments: i_nr - only those that belong to the event table of this number; null: all; i_filled - only those that are not empty;
--            i_name - only those of the table that has this name in events; null: of all tables
-- Returns: setof (name, events): name with its schema, quoted; events, the select list that gives a row e as an event; no rows if there are none, or if pgq is the real extension, which has none
-- Writes: nothing
create or replace function pgtide._row_tables(i_queue_id int, i_nr int default null, i_filled bool default true, i_name text default null)
returns table (name text, events text) language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('pgq.row_table') is not null then
        return query
            select r.name, r.events from pgq._row_tables(i_queue_id, i_nr, i_filled, i_name) r;
    end if;
end;
$$;
