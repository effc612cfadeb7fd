-- pgtide._failure_text(i_state, i_message, i_detail, i_context, i_schema, i_table, i_column, i_constraint, i_type, i_event)
--
-- Builds the text of an error that rows met, from its stacked diagnostics, without values, so that it may be stored and
-- shown.
--
-- Arguments: i_event - the event whose row it was, or null when that is not known
-- Returns: text, for example '23505 unique_violation: table public.orders, constraint orders_email_key, event 4711'
-- Writes: nothing
-- Errors: none; with the setting pgtide.show_values = on it sends an INFO message of SQLSTATE TD011
--
-- The text can be read by others. A server's texts hold values, in any language, and a user's function may raise anything
-- under any name. So of the error only this is kept:
--   - the message, if a function of our schemas raised it (SQLSTATE TD..., and the context begins with that function)
--   - SQLSTATE and condition, and names of tables, columns, constraints and types that exist in the catalog under these names
--   - the name of the PL/pgSQL function in which it happened
-- The text itself, with its detail, goes to the client that has asked for it, as an INFO message: the server does not write
-- these into its log, unless log_min_messages is info or lower.
create or replace function pgtide._failure_text(i_state text, i_message text, i_detail text, i_context text, i_schema text,
    i_table text, i_column text, i_constraint text, i_type text, i_event bigint)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Quoted names may hold anything, so they are taken out first.
    v_first text := split_part(regexp_replace(coalesce(i_context, ''), '"([^"]|"")*"', '""', 'g'), E'\n', 1);
    v_relation oid;
    v_names text;
begin
    if current_setting('pgtide.show_values', true) = 'on' then
        raise info '%', i_message using errcode = 'TD011', detail = concat_ws(E'\n', nullif(i_detail, ''), i_context);
    end if;
    if i_state like 'TD%' and v_first ~ '(^|[^a-z0-9_$."])(pgtide|pgq|pgq_node|pgq_coop|pgq_ext|londiste)\.[a-z0-9_]+\(' then
        return format('%s (SQLSTATE %s)', i_message, i_state);
    end if;
    select c.oid into v_relation from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = i_schema and c.relname = i_table;
    v_names := concat_ws(', ',
        'table ' || case when v_relation is not null then i_schema || '.' || i_table end,
        'column ' || (select a.attname from pg_attribute a where a.attrelid = v_relation and a.attname = i_column and a.attnum > 0),
        'type ' || (select i_schema || '.' || t.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace
                    where n.nspname = i_schema and t.typname = i_type),
        'constraint ' || case when exists (select from pg_constraint k where k.conname = i_constraint)
                                or exists (select from pg_class c where c.relname = i_constraint and c.relkind in ('i', 'I')) then i_constraint end,
        'function ' || substring(i_context
            from '^PL/pgSQL function ((?:"(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)(?:\.(?:"(?:[^"]|"")*"|[a-z_][a-z0-9_$]*))?)\('),
        'event ' || i_event);
    return pgtide._condition_name(i_state) || coalesce(': ' || nullif(v_names, ''), '');
end;
$$;
