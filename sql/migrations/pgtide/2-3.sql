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

-- Events that replay cannot handle are set aside.
alter table pgtide.replay_state add unkept_events bigint not null default 0, add attempt_events bigint, add attempt_note text;
-- Events that replay on this node could not handle, by their ids in the queue (pgtide.handle_events). status reports them.
--   state  aside    replay has gone past it, and an operator has not looked at it yet
--          stopped  replay stops at it until an operator passes it (ev_type is shortened then, and no data is kept)
--          passed   an operator has decided that replay goes past it; the row goes when replay does
create table pgtide.unhandled_event (
    queue_name      text not null references pgq_node.node_info (queue_name) on delete cascade,
    ev_id           bigint not null,
    state           text not null constraint unhandled_event_state check (state in ('aside', 'stopped', 'passed')),
    reason          text,
    ev_txid         bigint,
    ev_time         timestamptz,
    ev_type         text,
    ev_data         text,
    ev_extra1       text,
    ev_extra2       text,
    ev_extra3       text,
    ev_extra4       text,
    -- False: beyond the size that is kept for a queue; only the beginning of its type is here.
    whole           bool not null default true,
    noted_at        timestamptz not null default now(),
    primary key (queue_name, ev_id)
);
alter table pgtide.replay_state add refusals int not null default 0, add refused_at timestamptz;
-- Tables that Londiste adds are captured in the form of its own triggers; those that are there already keep theirs.
create table pgtide.url_form (
    queue_name      text not null references pgq.queue (queue_name) on delete cascade,
    table_name      text not null,
    primary key (queue_name, table_name)
);

create table pgtide.replica_refused (
    role_name       name not null primary key,
    refused_at      timestamptz not null
);
-- Writes in replica mode may be captured.
alter table pgtide.queue_policy add capture_replica bool;
create table pgtide.copied_columns (
    queue_name      text not null,
    table_name      text not null,
    relation        oid not null,
    columns         int2 not null,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);
insert into pgtide.copied_columns (queue_name, table_name, relation, columns)
select t.queue_name, t.table_name, c.oid,
       (select max(a.attnum) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0)
from londiste.table_info t
join pgq_node.node_info i on i.queue_name = t.queue_name and i.node_type <> 'root'
join pg_catalog.pg_class c on c.relkind in ('r', 'p')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where t.local and t.merge_state = 'ok' and n.nspname || '.' || c.relname = coalesce(t.dest_table, t.table_name)
on conflict do nothing;
alter table pgtide.copy_chunk add types jsonb;
