-- pgq._trigger_args(i_args, i_op)
--
-- Reads the arguments of pgq.sqltriga, logutriga and jsontriga: the queue, then any of SKIP, ignore=, pkey=, backup, deny,
-- when=, ev_type=, ev_data=, ev_extra1= .. ev_extra4=. Of two alike the later counts, of two expressions the earlier.
--
-- Returns: queue, skip, backup, deny; ignore and pkey as given, or null; exprs - the expressions of when, ev_type, ev_data,
--          ev_extra1 .. ev_extra4 in that order, null when there is none at all
-- Writes: nothing
-- Errors: TD001 no queue, unknown argument, one that a truncate trigger cannot have
create or replace function pgq._trigger_args(
    in i_args text[],
    in i_op text,
    out queue text,
    out skip boolean,
    out ignore text,
    out pkey text,
    out backup boolean,
    out deny boolean,
    out exprs text[]
) returns record
language plpgsql immutable as $$
declare
    c_fields    constant text[] := '{when,ev_type,ev_data,ev_extra1,ev_extra2,ev_extra3,ev_extra4}';
    v_args      text[] := i_args[0:cardinality(i_args)];
    v_arg       text;
    v_field     int4;
begin
    if coalesce(cardinality(v_args), 0) < 1 then
        raise exception 'pgq trigger must have destination queue as argument' using errcode = 'TD001';
    end if;
    queue := v_args[1];
    skip := false;
    backup := false;
    deny := false;
    foreach v_arg in array v_args[2:] loop
        v_field := array_position(c_fields, split_part(v_arg, '=', 1));
        case
            when v_arg = 'SKIP' then
                skip := true;
            when v_arg = 'backup' then
                backup := true;
            when v_arg = 'deny' then
                deny := true;
            when v_arg like 'ignore=%' then
                ignore := substr(v_arg, 8);
            when v_arg like 'pkey=%' then
                pkey := substr(v_arg, 6);
            when v_field is not null and strpos(v_arg, '=') > 0 then
                exprs := coalesce(exprs, array_fill(null::text, array[7]));
                exprs[v_field] := coalesce(exprs[v_field], substr(v_arg, strpos(v_arg, '=') + 1));
            else
                raise exception 'bad param to pgq trigger'
                    using errcode = 'TD001', detail = 'argument: ' || coalesce(v_arg, 'null'),
                    hint = 'Known are SKIP, backup, deny, ignore=, pkey=, when=, ev_type=, ev_data=, ev_extra1= .. ev_extra4=.';
        end case;
    end loop;
    if i_op <> 'TRUNCATE' then
        return;
    elsif exprs is not null then
        raise exception 'Custom expressions do not make sense for truncater trigger' using errcode = 'TD001';
    elsif ignore is not null then
        raise exception 'Column ignore does not make sense for truncate trigger' using errcode = 'TD001';
    elsif pkey is not null then
        raise exception 'Custom pkey_list does not make sense for truncate trigger' using errcode = 'TD001';
    elsif backup then
        raise exception 'Backup does not make sense for truncate trigger' using errcode = 'TD001';
    end if;
end;
$$;
