-- One queue in several databases, its nodes: what each node is, which node feeds which, and how far each one is. Names and
-- columns are pgq_node 3.5's.

create schema pgq_node;

-- All nodes of a queue, the same on every node: the root sends changes to the others by events. node_location is the way to
-- reach the node. It is sent to all nodes and every role may read it: a reference to the place of the secret, never a
-- password.
create table pgq_node.node_location (
    queue_name      text        not null,
    node_name       text        not null,
    node_location   text        not null,
    dead            boolean     not null default false,

    constraint node_location_pkey primary key (queue_name, node_name)
);

-- The part of this database in a queue: one row a queue.
--
-- node_type        root: events and ticks are made here; branch: holds a copy of the queue; leaf: has no queue
-- worker_name      the consumer that feeds this node
-- combined_queue   for a leaf: the queue that it is merged into
-- node_attrs       url-encoded; known key: sync_watermark
create table pgq_node.node_info (
    queue_name      text        not null,
    node_type       text        not null,
    node_name       text        not null,
    worker_name     text,
    combined_queue  text,
    node_attrs      text,

    constraint node_info_pkey primary key (queue_name),
    constraint node_info_node_fkey foreign key (queue_name, node_name) references pgq_node.node_location,
    constraint node_info_type_check check (node_type in ('root', 'branch', 'leaf')),
    constraint node_info_worker_check check (worker_name is not null),
    constraint node_info_combined_check check (combined_queue is null or node_type = 'leaf')
);

-- Position of every consumer that runs on this node. The position is written in the transaction that applies the data.
create table pgq_node.local_state (
    queue_name      text        not null,
    consumer_name   text        not null,
    provider_node   text        not null,
    last_tick_id    bigint      not null,
    cur_error       text,
    paused          boolean     not null default false,
    uptodate        boolean     not null default false,

    constraint local_state_pkey primary key (queue_name, consumer_name),
    constraint local_state_queue_fkey foreign key (queue_name) references pgq_node.node_info (queue_name),
    constraint local_state_provider_fkey foreign key (queue_name, provider_node) references pgq_node.node_location
);

-- The nodes that this one feeds, and the two consumers that each of them has on the local queue.
create table pgq_node.subscriber_info (
    queue_name      text        not null,
    subscriber_node text        not null,
    worker_name     text        not null,
    watermark_name  text        not null,

    constraint subscriber_info_pkey primary key (queue_name, subscriber_node),
    constraint subscriber_info_queue_fkey foreign key (queue_name) references pgq_node.node_info (queue_name),
    constraint subscriber_info_node_fkey foreign key (queue_name, subscriber_node) references pgq_node.node_location,
    constraint subscriber_info_worker_fkey foreign key (worker_name) references pgq.consumer (co_name),
    constraint subscriber_info_watermark_fkey foreign key (watermark_name) references pgq.consumer (co_name)
);
