-- The tables of a transactional event queue. Names, columns, order and defaults are PgQ 3.5's.
-- A queue's own tables (pgq.event_<id>, pgq.event_<id>_<n>) and sequences are made by pgq.create_queue.

create schema pgq;

-- Consumers of queues, by name.
create table pgq.consumer (
    co_id       serial,
    co_name     text        not null,

    constraint consumer_pkey primary key (co_id),
    constraint consumer_name_uq unique (co_name)
);

-- One row a queue. Events go into the table queue_data_pfx || '_' || queue_cur_table.
--
-- queue_switch_step1   transaction id of the switch to queue_cur_table
-- queue_switch_step2   a later transaction id: every transaction that begins after it sees the switch; null in between
-- queue_per_tx_limit   how many events one transaction may insert; null: any number
-- queue_extra_maint    functions that maintenance calls with the queue's name
create table pgq.queue (
    queue_id                    serial,
    queue_name                  text        not null,

    queue_ntables               integer     not null default 3,
    queue_cur_table             integer     not null default 0,
    queue_rotation_period       interval    not null default '2 hours',
    queue_switch_step1          bigint      not null default txid_current(),
    queue_switch_step2          bigint               default txid_current(),
    queue_switch_time           timestamptz not null default now(),

    queue_external_ticker       boolean     not null default false,
    queue_disable_insert        boolean     not null default false,
    queue_ticker_paused         boolean     not null default false,

    queue_ticker_max_count      integer     not null default 500,
    queue_ticker_max_lag        interval    not null default '3 seconds',
    queue_ticker_idle_period    interval    not null default '1 minute',
    queue_per_tx_limit          integer,

    queue_data_pfx              text        not null,
    queue_event_seq             text        not null,
    queue_tick_seq              text        not null,

    queue_extra_maint           text[],

    constraint queue_pkey primary key (queue_id),
    constraint queue_name_uq unique (queue_name)
);

-- The function is in functions/, and replaces this one.
create function pgq._queue_changed() returns trigger language plpgsql as 'begin return null; end';
create trigger queue_changed after update on pgq.queue
    for each row when (old.queue_disable_insert <> new.queue_disable_insert or old.queue_data_pfx <> new.queue_data_pfx
                       or old.queue_cur_table <> new.queue_cur_table and old.queue_switch_step1 = new.queue_switch_step1)
    execute procedure pgq._queue_changed();
alter table pgq.queue enable always trigger queue_changed;

-- Queues on which pgq_reader, pgq_writer and pgq_admin have no rights: all queues of nodes, and those that
-- pgtide.close_queue closed.
create table pgq.closed_queue (
    queue_id    int4 not null,

    constraint closed_queue_pkey primary key (queue_id),
    constraint closed_queue_queue_fkey foreign key (queue_id) references pgq.queue (queue_id) on delete cascade
);

-- A batch is the events between two ticks: visible in the later snapshot and not in the earlier one.
create table pgq.tick (
    tick_queue      int4            not null,
    tick_id         bigint          not null,
    tick_time       timestamptz     not null default now(),
    tick_snapshot   txid_snapshot   not null default txid_current_snapshot(),
    tick_event_seq  bigint          not null,

    constraint tick_pkey primary key (tick_queue, tick_id),
    constraint tick_queue_fkey foreign key (tick_queue) references pgq.queue (queue_id)
);

-- Batch ids, over all queues.
create sequence pgq.batch_id_seq;

-- A consumer's place in a queue. sub_batch and sub_next_tick are set while a batch is open. sub_id is not unique: the
-- members of one cooperative consumer share it, and with it their retried events.
--
-- A queue and consumer have one row, which pgq.register_consumer_at guarantees. Each batch updates it twice, and while an
-- old transaction is open, no dead version is removed. A unique index reads all versions of a key before it takes another
-- one, so the key ends in sub_active, which grows with every update. The live version is the first from the end (order by
-- sub_active desc limit 1), and an update finds it by its sub_active. Functions that do so, or look for ticks, set
-- enable_seqscan and enable_bitmapscan off: a plan that was made while there were few rows may be in use when there are
-- many.
create table pgq.subscription (
    sub_id          serial          not null,
    sub_queue       int4            not null,
    sub_consumer    int4            not null,
    sub_last_tick   bigint,
    sub_active      timestamptz     not null default now(),
    sub_batch       bigint,
    sub_next_tick   bigint,

    constraint subscription_pkey primary key (sub_queue, sub_consumer, sub_active),
    constraint subscription_batch_idx unique (sub_batch),
    constraint sub_queue_fkey foreign key (sub_queue) references pgq.queue (queue_id),
    constraint sub_consumer_fkey foreign key (sub_consumer) references pgq.consumer (co_id)
);

-- Parent of all event tables; holds no rows. Its access list is that of open queues' tables. PostgreSQL checks a query of a
-- parent against the parent's access list alone, and would show the rows of closed queues: row security hides them from all
-- roles but the owner. ev_owner: null, or the only sub_id that gets the event (a retried one). ev_txid: the transaction
-- that inserted it.
create table pgq.event_template (
    ev_id       bigint          not null,
    ev_time     timestamptz     not null,
    ev_txid     bigint          not null default txid_current(),
    ev_owner    int4,
    ev_retry    int4,
    ev_type     text,
    ev_data     text,
    ev_extra1   text,
    ev_extra2   text,
    ev_extra3   text,
    ev_extra4   text
);
alter table pgq.event_template enable row level security;

-- Row tables: changed rows of one table, in one shape, with the types of its columns. pgq._row_events gives them as events. A queue's rows
-- are in pgq.rows_<rt_queue>_<rt_id>_<n>, which belong to its event tables: written while queue_cur_table is n, read for the same batches,
-- and emptied in the same rotation. They have the columns ev_id, ev_txid and ev_time of event tables, ev_op (I, U or D), and c1, c2 ..
--
-- rt_ntables   queue_ntables when they were created
-- rt_name      ev_extra1 of their events
-- rt_mark      identifies the shape
-- rt_columns   names and stored types of the columns c1, c2 ..
-- rt_tag       ev_extra4 of their events
-- rt_type, rt_data, rt_old    SQL expressions that give ev_type, ev_data and ev_extra2 of a row e; rt_old is null if ev_extra2 always is
-- rt_size      an SQL expression, about the bytes of a row e
-- rt_retired   null while captures write into them; afterwards the virtual ids of the transactions that may still do so
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

-- Events that a consumer is to get again, later.
create table pgq.retry_queue (
    ev_retry_after  timestamptz     not null,
    ev_queue        int4            not null,

    like pgq.event_template,

    constraint rq_pkey primary key (ev_owner, ev_id),
    constraint rq_queue_id_fkey foreign key (ev_queue) references pgq.queue (queue_id)
);
alter table pgq.retry_queue alter column ev_owner set not null;
alter table pgq.retry_queue alter column ev_txid drop not null;
create index rq_retry_idx on pgq.retry_queue (ev_retry_after);
-- A role that may read the table sees the events of the queues that it may read.
alter table pgq.retry_queue enable row level security;
create policy of_readable_queues on pgq.retry_queue for select to public
    using (pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgq.event_' || ev_queue), 'select'));
