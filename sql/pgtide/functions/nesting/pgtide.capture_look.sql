-- pgtide.capture_look(i_table, i_queries, i_keys, i_must)
--
-- Returns what a query of pgtide._look_query finds now, run as the role that pgtide._capture_reader names.
--
-- Arguments: i_queries - as returned by pgtide._look_query; i_keys - the keys; null: all rows; i_must - what happens if the look
--            is not possible (for example because that role has no function for it that this role may call), or if a look for
--            keys fails: true raises TD004; false returns no rows, since then the application's write must not fail
-- Returns: table (nr bigint, data text), see pgtide._look_query
-- Writes: nothing
-- Errors: TD004 the look is not possible or fails, with the remedy as its hint; TD004 also if, in a look for all rows, the
--         owner's code leaves changed settings behind; 40001 as pgtide._refuse_old_tree; errors of SQLSTATE classes 40, 53, 55
--         and 57 as they are; and in a look for all rows every error of the query
--
-- Code of the owner runs meanwhile, and settings that it changes in the session outlive every function. So a look for keys is
-- undone, with settings and writes (prepared statements remain), and its rows are kept in variables: captures look for a thousand
-- at most. All rows are too many for that: so it is an error if settings differ afterwards.
create or replace function pgtide.capture_look(i_table oid, i_queries text[], i_keys json, i_must bool)
returns table (nr bigint, data text) language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_query text := i_queries[case when i_keys is null then 3 when json_array_length(i_keys) = 1 then 1 else 2 end];
    v_reader oid := pgtide._capture_reader(i_table);
    v_function record;
    v_before text;
    v_path text;
    v_look text;
    v_looked bool := false;
    v_nrs bigint[];
    v_data text[];
    v_failure text;
    v_hint text;
begin
    if v_reader = 0 and not row_security_active(i_table) then
        perform pgtide._refuse_old_tree(i_table);
        if i_keys is null then
            return query execute v_query;
            return;
        end if;
        v_look := format('(%s) l (nr, data)', v_query);
    elsif v_reader = 0 then
        v_failure := 'row security hides its rows';
        v_hint := 'let the owner of schema pgtide own the table, or give that role BYPASSRLS';
    elsif v_reader is null then
        v_failure := coalesce('that would run code of another role: ' || pgtide.foreign_code(i_table),
                              'it belongs to another role, with partitions of others, forced row security, or no right to read it');
        v_hint := case when pgtide.foreign_code(i_table) is not null
            then 'let a superuser or the owner of schema pgtide own that, or take it out of the table'
            else 'give the table and its partitions one owner, who may read it, and do not force row security upon it' end;
    else
        select * into v_function from pgtide._owner_function(v_reader, 'look');
        if not v_function.is_usable then
            v_failure := format('it belongs to role %s, for which %s may not act', pg_get_userbyid(v_reader), current_user);
            v_hint := pgtide._grant_of(v_reader, current_user) || '; the next run of maintain does the rest';
            if not v_function.is_right and pg_has_role(v_reader, 'USAGE') then
                v_failure := format('the function pgtide.%s is not there, or not as it was made', v_function.function_name);
                v_hint := 'the next run of maintain makes it';
            end if;
        elsif i_keys is null then
            v_before := pgtide._session_state();
            return query execute format('select l.nr, l.data from pgtide.%I($1, null) l', v_function.function_name) using v_query;
            v_path := pg_catalog.current_setting('search_path');
            perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
            if v_path <> 'pg_catalog, pg_temp' or pgtide._session_state() <> v_before then
                raise exception 'code of its owner leaves settings behind' using errcode = 'TD004';
            end if;
            return;
        else
            v_look := format('pgtide.%I(%L, $1) l', v_function.function_name, v_query);
        end if;
    end if;
    if v_look is not null then
        begin
            execute 'select array_agg(l.nr), array_agg(l.data) from ' || v_look into v_nrs, v_data using i_keys;
            v_looked := true;
            raise exception sqlstate 'TD004';
        exception when others then
            if not v_looked then
                if left(sqlstate, 2) in ('40', '53', '55', '57') then
                    raise;
                end if;
                v_failure := format('a look as %s fails: %s', case v_reader when 0 then 'the owner of schema pgtide' else 'its owner' end,
                                    pgtide._condition_name(sqlstate));
                v_hint := 'let that role read the table and its partitions, and use the types and operators of its key';
            end if;
        end;
    end if;
    if v_looked then
        return query select * from unnest(v_nrs, v_data);
    elsif i_must then
        raise exception '%', v_failure using errcode = 'TD004', hint = v_hint;
    end if;
end;
$$;
