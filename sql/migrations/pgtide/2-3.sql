alter table pgtide.replay_state add refusals int not null default 0, add refused_at timestamptz;
create table pgtide.replica_refused (
    role_name       name not null primary key,
    refused_at      timestamptz not null
);
