create table pgq.closed_queue (
    queue_id    int4 not null,

    constraint closed_queue_pkey primary key (queue_id),
    constraint closed_queue_queue_fkey foreign key (queue_id) references pgq.queue (queue_id) on delete cascade
);
alter table pgq.event_template enable row level security;
alter table pgq.retry_queue enable row level security;
create policy of_readable_queues on pgq.retry_queue for select to public
    using (pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgq.event_' || ev_queue), 'select'));
