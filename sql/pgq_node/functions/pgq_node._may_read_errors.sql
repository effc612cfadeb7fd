-- pgq_node._may_read_errors()
--
-- Whether the caller of a function that runs with its owner's rights may read pgq_node.local_state.cur_error: Londiste's workers and
-- other consumers write their servers' messages there, with values of rows.
--
-- Returns: bool
-- Writes: nothing
create or replace function pgq_node._may_read_errors() returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select has_column_privilege(coalesce(nullif(current_setting('role'), 'none'), session_user::text),
        'pgq_node.local_state', 'cur_error', 'select');
$$;
