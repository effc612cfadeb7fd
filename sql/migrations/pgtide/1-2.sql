-- Ticks are known by their times too.
alter table pgtide.replay_state add tick_id bigint, add slice_time timestamptz;
