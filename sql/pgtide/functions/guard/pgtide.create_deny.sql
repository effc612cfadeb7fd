-- pgtide.create_deny(i_queue, i_table)
--
-- Guards a replicated table of a leaf: changes by anybody except replay fail, since the next event would not fit them.
--
-- Returns: int, the number of triggers created: two for the table and for each partition; 0 if all existed
-- Writes: triggers on the table and its partitions
--
-- Replay is known by replica mode, or by the setting pgtide.applying if its role may not use that mode. A user who wants to
-- change rows nevertheless sets session_replication_role = 'local', or pgtide.applying = 'on'.
--
-- Names and arguments of the triggers are those of Londiste's triggers on a leaf. They are known by their function: an older
-- release had one trigger.
create or replace function pgtide.create_deny(i_queue text, i_table oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := '_londiste_' || case when octet_length(i_queue) <= 40 then i_queue else left(md5(i_queue), 16) end;
    v_relation oid;
    v_kind text;
    v_created int := 0;
begin
    -- Two at once would make the same triggers.
    perform pg_advisory_xact_lock(hashtext('pgtide.create_deny'), hashtext(i_table::text));
    for v_relation, v_kind in
        select t, k.kind from pgtide.table_tree(i_table) t cross join (values ('rows'), ('truncate')) k (kind)
        where not exists (select from pgtide.deny_triggers(i_queue, t) g where g.denies in (k.kind, 'all'))
    loop
        execute format('create trigger %I before %s on %s for each statement execute procedure pgtide.deny(%L, %L)',
            pgtide._free_trigger_name(v_relation, (v_name || case v_kind when 'rows' then '' else '_truncate' end)::name),
            case v_kind when 'rows' then 'insert or update or delete' else 'truncate' end, v_relation::regclass, i_queue, 'deny');
        v_created := v_created + 1;
    end loop;
    return v_created;
end;
$$;
