alter table pgq.subscription drop constraint subscription_pkey;
alter table pgq.subscription add constraint subscription_pkey primary key (sub_queue, sub_consumer, sub_active);
