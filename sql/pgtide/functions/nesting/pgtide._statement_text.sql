-- pgtide._statement_text(i_context)
--
-- The text of the statement for which a capture has been called.
--
-- Arguments: i_context - PG_CONTEXT of the function that the capture calls: the first three lines are that function's and the
--            capture's; below them is what has run the statement, or nothing if the client has
-- Returns: text, possibly with other statements around it. Null if it cannot be known: the text only names another statement
--          (EXECUTE, FETCH, MOVE, a cursor), or the statement may be a rule's, or it is in a function in SQL; or the text is
--          100000 characters or longer
-- Writes: nothing
create or replace function pgtide._statement_text(i_context text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- Searching a longer text for each of its statements takes too long.
    select case when length(x.text) < 100000 and x.text !~* '\m(execute|fetch|move|cursor_to_xml)\M'
        and not exists (select from pg_rewrite r where r.oid >= 16384 and r.ev_type <> '1') then x.text end
    from (select case when c.context = '' then current_query() when c.context like 'SQL statement "%' then c.context end as text
          from regexp_replace(i_context, '^([^\n]*\n){2}[^\n]*\n?', '') c (context)) x;
$$;
