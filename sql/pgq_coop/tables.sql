-- Cooperative consumers: several processes share one consumer's position in a queue. Schema pgq holds all data.
create schema pgq_coop;
