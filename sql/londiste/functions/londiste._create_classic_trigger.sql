-- londiste._create_classic_trigger(i_queue_name, i_global_name, i_table, i_args)
--
-- Puts one of pgq's row triggers and a truncate trigger on a table, as Londiste did. Triggers that are there already and
-- are the same are left alone, so that no session waits for a lock.
--
-- Arguments: i_args - see londiste._classic_args. Letters of tgflags= (default AIUDL): B, A - before, after; I, U, D - which
--            changes; Q, L, J - pgq.sqltriga, logutriga, jsontriga; S, as skip - the change itself does not happen
-- Returns: ret_code, ret_note, trigger_name: 200; 301 another row trigger fires before it, so that events may come out of
--          order; 400 no primary key, and none named; 403 an AFTER trigger would never see what
--          a SKIP trigger keeps from happening; 405 several SKIP triggers, or a partitioned table
-- Writes: triggers on the table
--
-- A SKIP trigger must fire last: its name begins with zzz_. When another queue's is there, this queue's does not skip.
create or replace function londiste._create_classic_trigger(
    in i_queue_name text,
    in i_global_name text,
    in i_table oid,
    in i_args text[],
    out ret_code int4,
    out ret_note text,
    out trigger_name text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_flags     text := coalesce((select upper(string_agg(substr(a, 9), '')) from unnest(i_args) a where a like 'tgflags=%'), '');
    v_args      text[] := array(select a.arg from unnest(i_args) with ordinality a(arg, nr)
                                 where a.arg not like 'tgflags=%' and a.arg not in ('skip', 'SKIP') order by a.nr);
    v_skip      boolean := v_flags like '%S%' or i_args && '{skip,SKIP}';
    v_before    boolean := v_flags like '%B%' and v_flags not like '%A%';
    v_events    text[] := array(select e.event from (values ('I', 'insert'), ('U', 'update'), ('D', 'delete')) e(flag, event)
                                 where strpos(v_flags, e.flag) > 0 or v_flags !~ '[IUD]');
    v_function  text := 'pgq.' || case when v_flags like '%J%' then 'jsontriga' when v_flags like '%L%' then 'logutriga'
                                       when v_flags like '%Q%' then 'sqltriga' else 'logutriga' end;
    v_renamed   boolean;
    v_others    text[];
    v_first     text;
begin
    select n.nspname || '.' || c.relname <> i_global_name into v_renamed
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table;
    if exists (select from pg_class c where c.oid = i_table and c.relkind = 'p') then
        ret_code := 405;
        ret_note := 'Row triggers do not follow partitions' || coalesce(', use none of: ' || nullif(array_to_string(i_args, ', '), ''), '');
        return;
    elsif not exists (select from pg_index i where i.indrelid = i_table and i.indisprimary)
        and not exists (select from unnest(v_args) a where a like 'pkey=_%')
    then
        ret_code := 400;
        ret_note := 'Primary key missing on table: ' || i_global_name;
        return;
    end if;

    trigger_name := '_londiste_' || i_queue_name;
    v_others := array(select t.tgname::text from pg_trigger t
                       where t.tgrelid = i_table and not t.tgisinternal and position('\000SKIP\000'::bytea in t.tgargs) > 0
                         and t.tgname <> left('zzz_' || trigger_name, 63));
    if not v_before and v_others <> '{}' then
        ret_code := 403;
        ret_note := 'AFTER trigger cannot work with SKIP trigger(s)';
        return;
    elsif v_skip and cardinality(v_others) > 1 then
        ret_code := 405;
        ret_note := 'Multiple SKIP triggers';
        return;
    elsif v_skip and v_others = '{}' then
        trigger_name := 'zzz_' || trigger_name;
        v_args := v_args || text 'SKIP';
    elsif v_skip and v_others[1] not like 'zzz\_%' then
        execute format('alter trigger %I on %s rename to %I', v_others[1], i_table::regclass, 'zzz_' || v_others[1]);
    end if;
    if v_renamed and not exists (select from unnest(v_args) a where a like 'ev_extra1=%') then
        v_args := v_args || ('ev_extra1=' || quote_literal(i_global_name));
    end if;

    perform londiste._put_trigger(i_table, trigger_name, case when v_before then 'before' else 'after' end, v_events,
        v_function, array[i_queue_name] || v_args);
    if v_renamed then
        perform londiste._put_trigger(i_table, '_londiste_' || i_queue_name || '_truncate', 'after', '{truncate}',
            'londiste._truncated', array[i_queue_name, i_global_name]);
    else
        perform londiste._put_trigger(i_table, '_londiste_' || i_queue_name || '_truncate', 'after', '{truncate}',
            'pgq.sqltriga', array[i_queue_name] || array(select a from unnest(v_args) a where a = 'deny'));
    end if;
    ret_code := 200;
    ret_note := 'Trigger created: ' || trigger_name;
    select min(t.tgname::text) into v_first
      from pg_trigger t
     where t.tgrelid = i_table and not t.tgisinternal and t.tgtype & 3 = 1 and t.tgname::text < trigger_name collate "C";
    if not v_before and v_first is not null then
        ret_code := 301;
        ret_note := 'londiste trigger is not first: ' || v_first;
    end if;
end;
$$;
