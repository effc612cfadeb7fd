-- londiste._put_trigger(i_table, i_name, i_timing, i_events, i_function, i_args)
--
-- Creates a trigger, in place of one of that name which is another one. TRUNCATE fires it for the statement, all else
-- for each row.
--
-- Arguments: i_timing - before or after; i_events - any of insert, update, delete, truncate
-- Returns: boolean, false when it was there already
-- Writes: triggers on the table
create or replace function londiste._put_trigger(
    i_table oid, i_name text, i_timing text, i_events text[], i_function text, i_args text[]
) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_type  int4 := (not 'truncate' = any (i_events))::int4 | case i_timing when 'before' then 2 else 0 end
        | (select sum(e.bit) from (values ('insert', 4), ('delete', 8), ('update', 16), ('truncate', 32)) e(event, bit)
            where e.event = any (i_events))::int4;
    v_args  bytea := (select string_agg(convert_to(a.arg, getdatabaseencoding()) || '\x00', '' order by a.nr)
                        from unnest(i_args) with ordinality a(arg, nr));
    v_same  boolean;
begin
    select t.tgtype = v_type and t.tgargs = v_args and t.tgenabled in ('O', 'A')
           and t.tgfoid = (i_function || '()')::regprocedure
      into v_same
      from pg_trigger t where t.tgrelid = i_table and t.tgname = i_name::name;
    if v_same then
        return false;
    elsif not v_same then
        execute format('drop trigger %I on %s', i_name::name, i_table::regclass);
    end if;
    execute format('create trigger %I %s %s on %s for each %s execute procedure %s(%s)', i_name::name, i_timing,
        array_to_string(i_events, ' or '), i_table::regclass,
        case when 'truncate' = any (i_events) then 'statement' else 'row' end, i_function,
        (select string_agg(quote_literal(a.arg), ', ' order by a.nr) from unnest(i_args) with ordinality a(arg, nr)));
    return true;
end;
$$;
