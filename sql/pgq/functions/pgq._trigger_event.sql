-- pgq._trigger_event(i_kind, i_table, i_name, i_op, i_when, i_level, i_args, i_old, i_new, i_iso_old, i_iso_new)
--
-- The event that pgq.sqltriga, logutriga or jsontriga makes of a change. Messages and their order are those of PgQ's C code.
--
-- Arguments: i_kind - sql, url or json; i_table, i_name - the table, its schema and name; i_op .. i_args - as TG_OP, TG_WHEN,
--            TG_LEVEL, TG_ARGV; i_old, i_new - texts of the rows, or null; i_iso_old, i_iso_new - the same under DateStyle
--            ISO, where the session's is another one and the kind is json
-- Returns: queue; skip - whether the row's own change is not to happen; fields - ev_type, ev_data, ev_extra1 .. ev_extra4, or
--          null when there is no event; queries - of the expressions for when and these six (see pgq._field_query), or null
-- Writes: nothing
-- Errors: TD001 wrong arguments or use of the trigger, unknown magic column; TD003 denied; TD004 update or delete without a
--         key, change of a key
create or replace function pgq._trigger_event(
    in i_kind text, in i_table oid, in i_name text[], in i_op text, in i_when text, in i_level text, in i_args text[],
    in i_old text, in i_new text, in i_iso_old text, in i_iso_new text,
    out queue text, out skip boolean, out fields text[], out queries text[]
) returns record
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    c_magic     constant text[] := '{_pgq_ev_type,_pgq_ev_data,_pgq_ev_extra1,_pgq_ev_extra2,_pgq_ev_extra3,_pgq_ev_extra4}';
    v_table     text := i_name[1] || '.' || i_name[2];
    v_args      record;
    v_shape     record;
    v_old       text[];
    v_new       text[];
    v_changed   boolean[];
    v_counts    boolean := false;
    v_ignored   boolean := false;
    v_field     int4;
begin
    if i_op <> 'TRUNCATE' and i_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'TD001';
    end if;
    v_args := pgq._trigger_args(i_args, i_op);
    v_shape := pgq._table_shape(i_table, v_args.ignore, v_args.pkey);
    if i_op in ('UPDATE', 'DELETE') and v_shape.key = '{}' then
        raise exception 'Update/Delete on table without pkey'
            using errcode = 'TD004', detail = 'table: ' || v_table,
            hint = 'Give the table a primary key, or name the columns that tell rows apart: pkey=a,b.';
    elsif v_args.skip and i_when = 'AFTER' then
        raise exception 'SKIP does not work in AFTER trigger.' using errcode = 'TD001';
    elsif v_args.deny then
        raise exception 'Table ''%'' to queue ''%'': change not allowed (%)', v_table, v_args.queue, i_op
            using errcode = 'TD003', hint = 'Change it on the queue''s root node.';
    end if;
    queue := v_args.queue;
    skip := v_args.skip;

    v_old := pgq._row_fields(i_old);
    v_new := pgq._row_fields(coalesce(i_new, i_old));
    if i_op = 'UPDATE' then
        if i_when = 'BEFORE' then
            -- Generated columns are not computed yet, and are null in NEW.
            for v_field in
                select a.nr
                  -- Before PostgreSQL 12 the name refers to the outer query. to_jsonb of the row is not used: it may call
                  -- casts of users.
                  from (select ''::text as attgenerated) before_12
                 cross join lateral (
                        select row_number() over (order by c.attnum) as nr, attgenerated::text as generated
                          from pg_attribute c where c.attrelid = i_table and c.attnum > 0 and not c.attisdropped) a
                 where a.generated <> ''
            loop
                v_new[v_field] := v_old[v_field];
            end loop;
        end if;
        v_changed := pgq._changed_columns(v_shape.types, v_shape.collations, v_old, v_new);
        for i in 1 .. cardinality(v_changed) loop
            if not v_changed[i] then
                if i_kind = 'sql' and v_shape.is_key[i] then
                    v_new[i] := v_old[i]; -- equal, but possibly written in another way
                end if;
                continue;
            end if;
            if v_shape.is_key[i] then
                raise exception 'primary key update not allowed'
                    using errcode = 'TD004', detail = format('table: %s, column: %s', v_table, v_shape.names[i]);
            elsif v_shape.logged[i] is not false then
                v_counts := true;
            else
                v_ignored := true;
                v_changed[i] := false;
            end if;
        end loop;
        if v_ignored and not v_counts and (i_kind = 'sql' or v_args.ignore is not null) then
            return;
        end if;
    end if;

    fields := array_fill(null::text, array[6]);
    fields[3] := v_table;
    if i_kind = 'json' then
        fields[1] := format('{"op":"%s","table":[%s,%s],"pkey":[%s]}', i_op, to_json(i_name[1]), to_json(i_name[2]),
            case when v_args.pkey = '' then '""' else substr(left(array_to_json(v_shape.key)::text, -1), 2) end);
    else
        fields[1] := case i_op when 'TRUNCATE' then 'R' else left(i_op, 1) end
            || case when i_kind = 'url' and i_op <> 'TRUNCATE'
                    then ':' || coalesce(v_args.pkey, array_to_string(v_shape.key, ',')) else '' end;
    end if;

    if i_op = 'TRUNCATE' then
        fields[2] := case i_kind when 'json' then '{}' else '' end;
        return;
    elsif i_kind = 'sql' then
        fields[2] := pgq._sql_change(i_op, v_shape.names, v_new, coalesce(v_changed, v_shape.logged), v_shape.is_key);
    elsif i_kind = 'url' then
        fields[2] := pgq._url_row(v_shape.names, v_new, v_shape.logged);
    else
        v_old := pgq._put_dates(v_old, pgq._row_fields(i_iso_old), v_shape.types);
        v_new := pgq._put_dates(v_new, pgq._row_fields(coalesce(i_iso_new, i_iso_old)), v_shape.types);
        fields[2] := pgq._json_row(v_shape.names, v_shape.types, v_new, v_shape.logged);
    end if;
    if v_args.backup and i_op = 'UPDATE' then
        fields[4] := case i_kind when 'json' then pgq._json_row(v_shape.names, v_shape.types, v_old, v_shape.logged)
                                 else pgq._url_row(v_shape.names, v_old, v_shape.logged) end;
    end if;

    if v_shape.logged is not null then
        for i in 1 .. cardinality(v_shape.names) loop
            v_field := array_position(c_magic, v_shape.names[i]);
            if v_field is not null then
                fields[v_field] := v_new[i];
            elsif left(v_shape.names[i], 8) = '_pgq_ev_' then
                raise exception 'Unknown magic column: %', v_shape.names[i] using errcode = 'TD001';
            end if;
        end loop;
    end if;
    if v_args.exprs is not null then
        for i in 1 .. cardinality(v_args.exprs) loop
            queries[i] := pgq._field_query(v_args.exprs[i], v_shape.names);
        end loop;
    end if;
end;
$$;
