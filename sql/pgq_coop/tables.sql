-- Cooperative consumers: several processes share one consumer's position in a queue. Everything is kept in schema pgq.
create schema pgq_coop;
