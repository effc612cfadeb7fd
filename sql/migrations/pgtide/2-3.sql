-- What is known of the types of columns.
create table pgtide.judged_types (
    queue_name      text not null,
    table_name      text not null,
    mark            text not null,
    tags            text[] not null,
    types           jsonb not null,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);
alter table pgtide.copy_chunk add types jsonb;
