-- pgtide.leave_table()
--
-- Trigger on londiste.table_info of the real extension, which knows only its own triggers. When a table leaves a queue, also
-- because its node is dropped, this removes the triggers of pgtide.
--
-- Returns: trigger, the row: old for DELETE, otherwise new
-- Writes: as pgtide.drop_capture and pgtide.drop_deny
create or replace function pgtide.leave_table()
returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table oid := londiste.find_table_oid(coalesce(old.dest_table, old.table_name));
begin
    if old.local and v_table is not null and (tg_op = 'DELETE' or not new.local) then
        perform pgtide.drop_capture(old.queue_name, v_table);
        perform pgtide.drop_deny(old.queue_name, v_table);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end;
$$;
