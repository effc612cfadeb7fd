-- An event is given up only when it has failed alone in several runs.
alter table pgtide.replay_state add attempts_alone int not null default 0;
