-- The function is in functions/, and replaces this one.
create function pgq._queue_changed() returns trigger language plpgsql as 'begin return null; end';
create trigger queue_changed after update on pgq.queue
    for each row when (old.queue_disable_insert <> new.queue_disable_insert or old.queue_data_pfx <> new.queue_data_pfx
                       or old.queue_cur_table <> new.queue_cur_table and old.queue_switch_step1 = new.queue_switch_step1)
    execute procedure pgq._queue_changed();
alter table pgq.queue enable always trigger queue_changed;
