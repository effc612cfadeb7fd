-- The positions of consumers, kept in the database, and written in the transaction, in which they do their work. Names and
-- columns are pgq_ext 3's. A consumer without members has the subconsumer ''.

create schema pgq_ext;

-- By tick.
create table pgq_ext.completed_tick (
    consumer_id     text        not null,
    subconsumer_id  text        not null,
    last_tick_id    bigint      not null,

    constraint completed_tick_pkey primary key (consumer_id, subconsumer_id)
);

-- By batch: the last one that is done.
create table pgq_ext.completed_batch (
    consumer_id     text        not null,
    subconsumer_id  text        not null,
    last_batch_id   bigint      not null,

    constraint completed_batch_pkey primary key (consumer_id, subconsumer_id)
);

-- By event: those of the batch in partial_batch that are done.
create table pgq_ext.completed_event (
    consumer_id     text        not null,
    subconsumer_id  text        not null,
    batch_id        bigint      not null,
    event_id        bigint      not null,

    constraint completed_event_pkey primary key (consumer_id, subconsumer_id, batch_id, event_id)
);

create table pgq_ext.partial_batch (
    consumer_id     text        not null,
    subconsumer_id  text        not null,
    cur_batch_id    bigint      not null,

    constraint partial_batch_pkey primary key (consumer_id, subconsumer_id)
);
