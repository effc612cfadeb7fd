create table pgq.row_table (
    rt_id       serial,
    rt_queue    int4    not null,
    rt_ntables  int4    not null,
    rt_name     text    not null,
    rt_mark     text    not null,
    rt_columns  text    not null,
    rt_tag      text,
    rt_type     text    not null,
    rt_data     text    not null,
    rt_old      text,
    rt_size     text    not null,
    rt_retired  text[],

    constraint row_table_pkey primary key (rt_id),
    constraint row_table_mark_uq unique (rt_queue, rt_mark),
    constraint row_table_queue_fkey foreign key (rt_queue) references pgq.queue (queue_id)
);
