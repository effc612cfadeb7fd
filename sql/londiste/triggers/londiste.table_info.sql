-- A table that leaves a queue, also because its node is dropped, loses its triggers.
drop trigger if exists table_info_trigger_sync on londiste.table_info;
create trigger table_info_trigger_sync before delete on londiste.table_info
    for each row execute procedure londiste.table_info_trigger();
