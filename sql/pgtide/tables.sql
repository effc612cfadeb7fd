-- What Skytools never had. On a subscriber: where each table's copy and each consumer's replay stand.
-- Everything here commits together with the rows that it speaks of.
create schema if not exists pgtide;

-- One row per cascaded consumer of this database: the fence, and the place inside a batch that is applied in slices.
-- Its row in pgq_node.local_state keeps the tick; the two are written in one transaction.
create table pgtide.replay_state (
    queue_name      text not null,
    consumer_name   text not null,
    -- The highest lease epoch that has written here; a lower one is refused.
    epoch           bigint not null default 0,
    -- Set while a batch is applied in part: its end tick, and the last event applied. Rows of events up to there are
    -- visible before the batch is whole.
    slice_tick      bigint,
    slice_ev_id     bigint,
    -- Sums over the life of the consumer.
    batches         bigint not null default 0,
    events          bigint not null default 0,
    applied_at      timestamptz,
    -- When the provider made the last tick that was applied, which one that is, and when it made slice_tick. A provider that
    -- was restored from a backup gives the same ids to other ticks, but not the same times.
    tick_time       timestamptz,
    tick_id         bigint,
    slice_time      timestamptz,
    -- Events that were set aside beyond the number that is kept: only counted.
    unkept_events   bigint not null default 0,
    -- Set while slices take longer than a run has: how many events the next one may take at most (1: it gets the whole run;
    -- 0: its one event is given up, and its table set aside), and what took so long.
    attempt_events  bigint,
    attempt_note    text,
    -- Runs refused by their epoch since one was taken last, and the last time of that.
    refusals        int not null default 0,
    refused_at      timestamptz,
    -- In how many whole runs the event after the position has failed alone (attempt_events = 1).
    attempts_alone  int not null default 0,
    primary key (queue_name, consumer_name),
    foreign key (queue_name, consumer_name) references pgq_node.local_state on delete cascade,
    check ((slice_tick is null) = (slice_ev_id is null))
);

-- One row per table that this database subscribes to.
--   phase  NULL (to be planned) -> copying -> catching-up (all chunks are there) -> restoring (consistent; events are parked
--          while indexes are built) -> restored -> ok. londiste.table_info.merge_state says the same in Londiste's words.
create table pgtide.table_state (
    queue_name      text not null,
    table_name      text not null,
    -- Grows whenever the copy starts over; what belongs to an older one is void.
    generation      int not null default 0,
    phase           text check (phase in ('copying', 'catching-up', 'restoring', 'restored', 'ok')),
    total_rows_estimate bigint,
    -- Set aside: why, and since when. Its events are skipped until it is copied again.
    error           text,
    error_time      timestamptz,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- Shapes of events that the columns of a subscriber's table are known to take as they are.
create table pgtide.judged_types (
    queue_name      text not null,
    table_name      text not null,
    -- Of the subscriber's columns, when the tags (ev_extra4) were judged.
    mark            text not null,
    tags            text[] not null,
    -- The provider's columns, as they were last.
    types           jsonb not null,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- Events that did not find what they should have. Never silent: status tells them.
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
    -- Who announced it last: a number that grows with each attempt. Only the latest may commit.
    attempt         int not null default 0,
    announced_at    timestamptz,
    -- What the copied rows' transaction saw on the provider.
    snapshot        txid_snapshot,
    rows            bigint not null default 0,
    bytes           bigint not null default 0,
    primary key (queue_name, table_name, chunk_no),
    foreign key (queue_name, table_name) references pgtide.table_state on delete cascade,
    check ((state = 'copied') = (snapshot is not null)),
    -- Of the first chunk: the provider's columns when it was copied.
    types           jsonb
);
create index copy_chunk_open on pgtide.copy_chunk (queue_name, table_name, chunk_no) where state <> 'copied';

-- Events of announced chunks, and of tables being restored, until they can be judged.
create table pgtide.parked_event (
    queue_name      text not null,
    table_name      text not null,
    -- NULL: applies whatever the chunk.
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

-- What was taken off a subscriber's table, and how to put it back.
--   kind  constraint, index (dropped for the copy); foreign key (dropped for the copy, put back when both tables are ok);
--         trigger, deferrable (changed while the role may not use replica mode)
create table pgtide.saved_ddl (
    queue_name      text not null,
    table_name      text not null,
    kind            text not null check (kind in ('constraint', 'index', 'foreign key', 'trigger', 'deferrable')),
    object_name     text not null,
    restore_sql     text not null,
    -- The other table of a foreign key: its name in queues.
    other_table     text,
    -- Why it could not be put back, and when that was tried last.
    error           text,
    tried_at        timestamptz,
    saved_at        timestamptz not null default now(),
    primary key (queue_name, table_name, kind, object_name)
);

-- What somebody has decided for a queue. A queue without a row, and a value that is null, mean what PgQ does.
create table pgtide.queue_policy (
    queue_name      text primary key references pgq.queue (queue_name) on delete cascade,
    -- How often an event may be retried; one retry more, and it becomes a dead letter.
    retry_limit     int check (retry_limit >= 0),
    -- From which size of the queue's event tables, or how far behind, a consumer that holds rotation is reported, and from
    -- which it is detached.
    alarm_bytes     bigint check (alarm_bytes >= 0),
    alarm_time      interval,
    detach_bytes    bigint check (detach_bytes >= 0),
    detach_time     interval,
    -- Whether writes of sessions in replica mode are captured.
    capture_replica bool
);

-- Who has held rotation beyond what the policy allows.
create table pgtide.queue_alarm (
    queue_name      text not null references pgq.queue (queue_name) on delete cascade,
    kind            text not null,
    who             text not null,
    -- The node that the consumer works for.
    node            text,
    -- The tick's time from which on it holds the queue.
    since           timestamptz,
    held_bytes      bigint not null,
    raised_at       timestamptz not null default now(),
    -- Set when it was detached: it is no consumer of the queue any more, and a node's tables are to be copied again.
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

-- Roles that were refused replica mode where no catalog could tell, and when: see pgtide.may_use_replica.
create table pgtide.replica_refused (
    role_name       name not null primary key,
    refused_at      timestamptz not null
);

-- A subscriber's tables as they were when their rows were last made equal to the provider's: the table, and the number of its
-- last column. Columns with higher numbers were added since, and each side has filled its rows by itself.
create table pgtide.copied_columns (
    queue_name      text not null,
    table_name      text not null,
    relation        oid not null,
    columns         int2 not null,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);

-- A subscriber's tables that are about to join (the root does not have them yet; add-table goes on) or to leave (the root has removed them;
-- what stands in the way is in error, and copy tries again: pgtide.let_leave).
create table pgtide.member_change (
    queue_name      text not null,
    table_name      text not null,
    change          text not null constraint member_change_change check (change in ('joining', 'leaving')),
    error           text,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);
