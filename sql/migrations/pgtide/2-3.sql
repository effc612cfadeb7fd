alter table pgtide.replay_state add refusals int not null default 0, add refused_at timestamptz;
create table pgtide.replica_refused (
    role_name       name not null primary key,
    refused_at      timestamptz not null
);
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
