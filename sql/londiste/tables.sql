-- The tables and sequences that follow a queue, and how far each of them is. Names and columns are Londiste 3.8's.

create schema londiste;

-- The tables of a queue: one row on every node, even if the node does not use the table.
--
-- table_name       the global name: schema.table as text, unquoted
-- local            the table is used on this node
-- merge_state      null: to be copied; 'in-copy', 'catching-up', 'wanna-sync:<tick>', 'do-sync:<tick>', 'ok'
-- custom_snapshot  provider's snapshot of the copy; events that it sees are not applied
-- dropped_ddl      the objects that were dropped for the copy and are to be restored
-- table_attrs      url-encoded
-- dest_table       the local table's name, if it is not table_name
create table londiste.table_info (
    nr              serial      not null,
    queue_name      text        not null,
    table_name      text        not null,
    local           boolean     not null default false,
    merge_state     text,
    custom_snapshot text,
    dropped_ddl     text,
    table_attrs     text,
    dest_table      text,

    constraint table_info_pkey primary key (queue_name, table_name),
    constraint table_info_queue_fkey foreign key (queue_name)
        references pgq_node.node_info (queue_name) on delete cascade,
    constraint table_info_dropped_ddl_check check (
        dropped_ddl is null or coalesce(merge_state in ('in-copy', 'catching-up'), false))
);

-- The sequences of a queue. last_value: the value that was published last, ahead of the root's own value.
create table londiste.seq_info (
    nr              serial      not null,
    queue_name      text        not null,
    seq_name        text        not null,
    local           boolean     not null default false,
    last_value      int8        not null,

    constraint seq_info_pkey primary key (queue_name, seq_name),
    constraint seq_info_queue_fkey foreign key (queue_name)
        references pgq_node.node_info (queue_name) on delete cascade
);

-- SQL files that ran on this node. A file's name is its identity, over all queues.
create table londiste.applied_execute (
    queue_name      text        not null,
    execute_file    text        not null,
    execute_time    timestamptz not null default now(),
    execute_sql     text        not null,
    execute_attrs   text,

    constraint applied_execute_pkey primary key (execute_file)
);

-- Foreign keys that were dropped for a copy and are to be restored. fkey_def: the whole ALTER TABLE.
create table londiste.pending_fkeys (
    from_table      text        not null,
    to_table        text        not null,
    fkey_name       text        not null,
    fkey_def        text        not null,

    constraint pending_fkeys_pkey primary key (from_table, fkey_name)
);
