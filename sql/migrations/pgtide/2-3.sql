-- Tables that Londiste adds are captured in the form of its own triggers; those that are there already keep theirs.
create table pgtide.url_form (
    queue_name      text not null references pgq.queue (queue_name) on delete cascade,
    table_name      text not null,
    primary key (queue_name, table_name)
);
