-- pgtide._statement_text(i_context) returns text
--
-- The text of the statement that a capture has been called for, or that text with others around it. NULL where it cannot be known: the
-- statement may be another's that it names (EXECUTE, FETCH, MOVE, a cursor) or a rule's, or it is one of a function in SQL.
--   i_context  PG_CONTEXT of what the capture calls: below three lines, which are its own and the capture's, stands what has run the
--              statement; nothing, if the client has
create or replace function pgtide._statement_text(i_context text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- What is longer takes too long to look through for each of its statements.
    select case when length(x.text) < 100000 and x.text !~* '\m(execute|fetch|move|cursor_to_xml)\M'
        and not exists (select from pg_rewrite r where r.oid >= 16384 and r.ev_type <> '1') then x.text end
    from (select case when c.context = '' then current_query() when c.context like 'SQL statement "%' then c.context end as text
          from regexp_replace(i_context, '^([^\n]*\n){2}[^\n]*\n?', '') c (context)) x;
$$;
