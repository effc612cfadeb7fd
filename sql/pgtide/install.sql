-- The schemas that are installed here. The installer alone (lib/install) writes this table. Runs before every other file of
-- every schema.
create schema if not exists pgtide;

create table if not exists pgtide.schema_version (
    -- pgq, pgq_coop, pgq_ext, pgq_node, londiste or pgtide; a schema that came as a real extension has no row
    schema_name   text        not null,
    -- version of the tables; sql/migrations/<schema>/<from>-<to>.sql leads from one to the next
    version       integer     not null,
    -- the pgtide release that wrote the schema last
    release       text        not null,
    -- hash of all the schema's SQL files: when equal, there is nothing to do
    sources_hash  text        not null,
    -- signatures of the functions that files define, without generated ones
    functions     text[]      not null,
    installed_at  timestamptz not null default now(),
    primary key (schema_name)
);
