-- Our own schema londiste drops captures itself; the real extension needs this trigger.
do $$
begin
    if exists (select 1 from pg_catalog.pg_extension where extname = 'londiste')
        and (select pg_has_role(c.relowner, 'USAGE') from pg_catalog.pg_class c where c.oid = 'londiste.table_info'::regclass)
    then
        drop trigger if exists leave_table on londiste.table_info;
        create trigger leave_table before delete or update of local on londiste.table_info
            for each row execute procedure pgtide.leave_table();
    end if;
end;
$$;
