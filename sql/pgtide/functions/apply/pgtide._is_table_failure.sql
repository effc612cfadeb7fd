-- pgtide._is_table_failure(i_state)
--
-- Returns whether an error of this SQLSTATE, met while rows were applied, concerns their table, and not the whole (locks,
-- disk, privileges, a lost server).
--
-- Returns: bool
-- Writes: nothing
--
-- Names and syntax can be values, of types such as regclass and tsquery, so SQLSTATEs of wrong names and syntax are among
-- those of a table.
create or replace function pgtide._is_table_failure(i_state text)
returns bool language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select left(i_state, 2) in ('20', '21', '22', '23', '2F', '44', '0A', '54', 'P0')
        or i_state in ('42P01', '42601', '42602', '42622', '42703', '42804', '42846', '42883', '42704', '428C9', 'TD004', 'TD007');
$$;
