-- pgtide.deny()
--
-- Trigger, BEFORE each statement: refuses a change of a replicated table. See pgtide.create_deny.
--
-- Arguments: of the trigger: the queue; 'deny', or the table if an older release made the trigger
-- Returns: trigger, null
-- Writes: nothing
-- Errors: TD003 the change is neither replay's nor one that the user has allowed
create or replace function pgtide.deny()
returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('pgtide.applying', true) = 'on' or current_setting('session_replication_role') <> 'origin' then
        return null;
    end if;
    raise exception 'Table ''%'' to queue ''%'': change not allowed (%)', tg_table_schema || '.' || tg_table_name, tg_argv[0], tg_op
        using errcode = 'TD003',
              hint = 'this table is a copy that pgtide keeps in step; write to the provider, or take it out with: pgtide remove-table';
end;
$$;
