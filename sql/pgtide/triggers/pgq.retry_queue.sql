-- Events that were retried too often become dead letters. If the real extension pgq belongs to another role, that role has
-- to create this trigger; until then events are retried without limit, as in PgQ.
do $$
begin
    if (select pg_has_role(c.relowner, 'USAGE') from pg_catalog.pg_class c where c.oid = 'pgq.retry_queue'::regclass) then
        drop trigger if exists dead_letter_divert on pgq.retry_queue;
        create trigger dead_letter_divert before insert on pgq.retry_queue
            for each row execute procedure pgtide.dead_letter_divert();
    end if;
end;
$$;
