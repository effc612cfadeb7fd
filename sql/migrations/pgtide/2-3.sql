alter table pgtide.replay_state add refusals int not null default 0, add refused_at timestamptz;
