-- Writes in replica mode may be captured.
alter table pgtide.queue_policy add capture_replica bool;
