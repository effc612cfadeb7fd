-- londiste._classic_args(i_trg_args)
--
-- Those of a table's trigger arguments that ask for one of pgq's row triggers (sqltriga, logutriga, jsontriga) in place of
-- our own capture: tgflags=.., skip, and the arguments of the triggers themselves.
--
-- Returns: text[], '{}' when our own capture is meant
-- Writes: nothing
create or replace function londiste._classic_args(i_trg_args text[]) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select array(select a.arg from unnest(i_trg_args) with ordinality a(arg, nr)
                  where a.arg ~ '^(tgflags|ignore|pkey|when|ev_type|ev_data|ev_extra[1-4])='
                     or a.arg in ('skip', 'SKIP', 'backup', 'deny') order by a.nr);
$$;
