-- pgtide._read_classic_event(i_type, i_data, i_table, i_key, i_needed, i_encoding)
--
-- On the provider: turns a change that pgq.logutriga or pgq.sqltriga wrote into an event in jsontriga's form.
--
-- Arguments: i_type, i_data - ev_type and ev_data; the type is I, U or D, and for logutriga also a colon and the key; i_table -
--            the table as jsontriga names it, '["schema","table"]'; i_key - the table's key: sqltriga does not write it with an
--            insert; i_needed - columns that the event must have for its chunk to be found: those of the key, if the table is
--            being copied; i_encoding - see pgtide._json_of_urlencoded
-- Returns: text[], ev_type, ev_data and, as ev_extra4, the tag of the column list: pgtide:url: or pgtide:sql: and a hash
-- Writes: nothing
--
-- Row images under such tags need not be whole: sqltriga's UPDATE contains only what it changed, and a trigger may ignore columns
-- (see pgtide.apply_stage).
--
-- A change that cannot be read becomes an event under the tag pgtide:unreadable, with its type and the reason as ev_data: only
-- the subscriber knows whether that matters.
create or replace function pgtide._read_classic_event(i_type text, i_data text, i_table text, i_key text[], i_needed text[], i_encoding name)
returns text[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_op text := left(i_type, 1);
    v_data text;
    v_tag text;
    v_columns text[];
    v_key text[];
    v_reason text;
begin
    if i_type like '_:%' then
        select r.data, r.columns into v_data, v_columns from pgtide._json_of_urlencoded(i_data, i_encoding) r;
        -- The list is not quoted: it is the trigger's argument.
        v_key := case when substr(i_type, 3) = array_to_string(i_key, ',') then i_key else string_to_array(substr(i_type, 3), ',') end;
        if not v_key <@ v_columns then
            v_key := array(select btrim(k.name) from unnest(v_key) with ordinality k (name, nr) order by k.nr);
        end if;
        v_tag := 'pgtide:url:';
    else
        select r.data, r.columns, r.key into v_data, v_columns, v_key from pgtide._json_of_partial_sql(v_op, i_data) r;
        -- The key has the same order for all operations.
        if v_op = 'I' or v_key @> i_key and v_key <@ i_key then
            v_key := i_key;
        end if;
        v_tag := 'pgtide:sql:';
    end if;
    if v_op = 'I' and not v_key <@ v_columns then
        v_key := '{}';
    end if;
    v_reason := case when v_data is null then 'its data is not in the form of its type'
                     when v_op <> 'I' and (v_key = '{}' or not v_key <@ v_columns) then 'it does not say which row has changed'
                     when not i_needed <@ v_columns then 'it lacks the key by which the table is copied' end;
    return array[
        format('{"op":"%s","table":%s,"pkey":%s}', case v_op when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end,
            i_table, case when v_reason is null then to_json(v_key)::text else '[]' end),
        case when v_reason is null then v_data else json_build_object('type', i_type, 'reason', v_reason)::text end,
        case when v_reason is null then v_tag || md5(v_columns::text) else 'pgtide:unreadable' end];
end;
$$;
