-- The data that Skytools does not have. On a subscriber: the position of each table's copy and of each consumer's replay.
-- Everything here commits together with the rows that it describes.
create schema if not exists pgtide;

-- One row per cascaded consumer of this database: the fence, and the place inside a batch that is applied in slices. The
-- tick is in the consumer's row of pgq_node.local_state; the two rows are written in one transaction.
create table pgtide.replay_state (
    queue_name      text not null,
    consumer_name   text not null,
    -- The highest lease epoch that has written here; a lower one is refused.
    epoch           bigint not null default 0,
    -- Set while a batch is applied in part: its end tick, and the id up to which all events are applied. Their rows are
    -- visible before the batch is whole.
    slice_tick      bigint,
    slice_ev_id     bigint,
    -- Sums over the life of the consumer.
    batches         bigint not null default 0,
    events          bigint not null default 0,
    applied_at      timestamptz,
    -- When the provider made the last applied tick, the id of that tick, and when the provider made slice_tick. A provider
    -- that was restored from a backup gives the same ids to other ticks, but not the same times.
    tick_time       timestamptz,
    tick_id         bigint,
    slice_time      timestamptz,
    -- The number of events that were set aside beyond those that are kept.
    unkept_events   bigint not null default 0,
    -- Set from a slice that takes longer than a run has until the end of the batch: the greatest number of events in the next slice (1: it
    -- gets the whole run; 0: its one event is given up, and its table set aside). The note is the reason, until a slice is applied.
    attempt_events  bigint,
    attempt_note    text,
    -- The number of runs that were refused for their epoch since the last accepted one, and the time of the last refusal.
    refusals        int not null default 0,
    refused_at      timestamptz,
    -- The number of whole runs in which the event after the position has failed alone (attempt_events = 1).
    attempts_alone  int not null default 0,
    primary key (queue_name, consumer_name),
    foreign key (queue_name, consumer_name) references pgq_node.local_state on delete cascade,
    check ((slice_tick is null) = (slice_ev_id is null))
);

-- One row per table that this database subscribes to.
--   phase  NULL (to be planned) -> copying -> catching-up (all chunks are copied) -> restoring (consistent; events are parked
--          while indexes are built) -> restored -> ok. londiste.table_info.merge_state says the same in Londiste's words.
create table pgtide.table_state (
    queue_name      text not null,
    table_name      text not null,
    -- Grows whenever the copy starts over. Data of an older generation is void.
    generation      int not null default 0,
    phase           text check (phase in ('copying', 'catching-up', 'restoring', 'restored', 'ok')),
    total_rows_estimate bigint,
    -- Set aside: the reason, and since when. The table's events are skipped until it is copied again.
    error           text,
    error_time      timestamptz,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- Shapes of events that are known to fit the columns of a subscriber's table unchanged.
create table pgtide.judged_types (
    queue_name      text not null,
    table_name      text not null,
    -- The mark of the subscriber's columns when the tags (ev_extra4) were judged.
    mark            text not null,
    tags            text[] not null,
    -- The provider's columns, as they were last known.
    types           jsonb not null,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- Counts of changes, and of events that did not find what they should have. The latter are never ignored: status reports them.
create table pgtide.table_stats (
    queue_name      text not null,
    table_name      text not null,
    inserted        bigint not null default 0,
    updated         bigint not null default 0,
    deleted         bigint not null default 0,
    -- Updates and deletes that found no row; inserts that found one.
    missing         bigint not null default 0,
    conflicts       bigint not null default 0,
    last_problem    timestamptz,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- The key ranges of a table in copy: chunk n holds the keys from its lower bound (the table's first chunk: from the
-- beginning) up to the next chunk's. Bounds are text values of the key's columns, ordered by the provider.
create table pgtide.copy_chunk (
    queue_name      text not null,
    table_name      text not null,
    chunk_no        int not null,
    lower_key       text[],
    state           text not null default 'pending' check (state in ('pending', 'announced', 'copied')),
    -- The number of the last attempt, which grows with each announcement. Only the last one may commit.
    attempt         int not null default 0,
    announced_at    timestamptz,
    -- The snapshot in which the copied rows were read on the provider.
    snapshot        txid_snapshot,
    rows            bigint not null default 0,
    bytes           bigint not null default 0,
    primary key (queue_name, table_name, chunk_no),
    foreign key (queue_name, table_name) references pgtide.table_state on delete cascade,
    check ((state = 'copied') = (snapshot is not null)),
    -- Only in the first chunk: the provider's columns when it was copied.
    types           jsonb
);
create index copy_chunk_open on pgtide.copy_chunk (queue_name, table_name, chunk_no) where state <> 'copied';

-- Events of announced chunks, and of tables being restored, until they can be judged.
create table pgtide.parked_event (
    queue_name      text not null,
    table_name      text not null,
    -- NULL: the event applies whatever the chunk.
    chunk_no        int,
    ev_id           bigint not null,
    ev_txid         bigint not null,
    ev_time         timestamptz not null,
    ev_type         text not null,
    ev_data         text,
    ev_extra1       text,
    ev_extra2       text,
    ev_extra3       text,
    ev_extra4       text,
    primary key (queue_name, table_name, ev_id),
    foreign key (queue_name, table_name) references pgtide.table_state on delete cascade
);

-- Events that replay on this node could not handle, by their ids in the queue (pgtide.handle_events). status reports them.
--   state  aside    replay has gone past it, and no operator has handled it yet
--          stopped  replay stops at it until an operator passes it (ev_type is shortened then, and no data is kept)
--          passed   an operator has decided that replay goes past it; replay deletes the row when it does so
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
    -- False: the event exceeds the size that is kept for a queue, and only the beginning of its type is here.
    whole           bool not null default true,
    noted_at        timestamptz not null default now(),
    primary key (queue_name, ev_id)
);

-- Objects that were dropped or disabled on a subscriber's table, and the statements that restore them.
--   kind  constraint, index (dropped for the copy); foreign key (dropped for the copy, restored when both tables are ok);
--         trigger, deferrable (changed while the role may not use replica mode)
create table pgtide.saved_ddl (
    queue_name      text not null,
    table_name      text not null,
    kind            text not null check (kind in ('constraint', 'index', 'foreign key', 'trigger', 'deferrable')),
    object_name     text not null,
    restore_sql     text not null,
    -- The other table of a foreign key: its name in queues.
    other_table     text,
    -- The reason why it could not be restored, and the time of the last attempt.
    error           text,
    tried_at        timestamptz,
    saved_at        timestamptz not null default now(),
    primary key (queue_name, table_name, kind, object_name)
);

-- The policy of a queue. PgQ's behaviour holds for a queue without a row, and for a value that is null.
create table pgtide.queue_policy (
    queue_name      text primary key references pgq.queue (queue_name) on delete cascade,
    -- How often an event may be retried; one retry more, and it becomes a dead letter.
    retry_limit     int check (retry_limit >= 0),
    -- The size of the queue's event tables, or the lag, from which a consumer that holds rotation is reported, and from
    -- which it is detached.
    alarm_bytes     bigint check (alarm_bytes >= 0),
    alarm_time      interval,
    detach_bytes    bigint check (detach_bytes >= 0),
    detach_time     interval,
    -- Whether writes of sessions in replica mode are captured.
    capture_replica bool
);

-- The consumers and others that have held rotation beyond what the policy allows.
create table pgtide.queue_alarm (
    queue_name      text not null references pgq.queue (queue_name) on delete cascade,
    kind            text not null,
    who             text not null,
    -- The node that the consumer works for.
    node            text,
    -- The time from which on it holds the queue, as pgtide.rotation_blockers reports it.
    since           timestamptz,
    held_bytes      bigint not null,
    raised_at       timestamptz not null default now(),
    -- Set when it was detached: it is not a consumer of the queue any more, and if it was a node's, the node's tables must
    -- be copied again.
    detached_at     timestamptz,
    primary key (queue_name, kind, who)
);

-- Events that were given up.
create table pgtide.dead_letter (
    queue_name      text not null references pgq.queue (queue_name) on delete cascade,
    consumer_name   text not null,
    ev_id           bigint not null,
    ev_time         timestamptz not null,
    -- How often it was retried.
    ev_retry        int,
    ev_type         text,
    ev_data         text,
    ev_extra1       text,
    ev_extra2       text,
    ev_extra3       text,
    ev_extra4       text,
    reason          text,
    died_at         timestamptz not null default now(),
    primary key (queue_name, consumer_name, ev_id)
);

-- Tables whose changes are captured url-encoded, for Londiste's nodes (pgtide.event_form).
create table pgtide.url_form (
    queue_name      text not null references pgq.queue (queue_name) on delete cascade,
    table_name      text not null,
    primary key (queue_name, table_name)
);

-- Roles that were refused replica mode when only a try could show it, and the time: see pgtide.may_use_replica.
create table pgtide.replica_refused (
    role_name       name not null primary key,
    refused_at      timestamptz not null
);

-- A subscriber's tables when their rows were last made equal to the provider's: the table, and the number of its last
-- column. Columns with higher numbers were added since, and each side has filled them by itself.
create table pgtide.copied_columns (
    queue_name      text not null,
    table_name      text not null,
    relation        oid not null,
    columns         int2 not null,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- A subscriber's tables that are about to join or to leave. A joining table is not on the root yet, and add-table goes on
-- with it. A leaving table was removed on the root; error holds the obstacle, and copy tries again (pgtide.apply_removal).
create table pgtide.member_change (
    queue_name      text not null,
    table_name      text not null,
    change          text not null constraint member_change_change check (change in ('joining', 'leaving')),
    error           text,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);
