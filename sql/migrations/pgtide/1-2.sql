-- Ticks are known by their times too.
alter table pgtide.replay_state add tick_id bigint, add slice_time timestamptz;
create index copy_chunk_open on pgtide.copy_chunk (queue_name, table_name, chunk_no) where state <> 'copied';
