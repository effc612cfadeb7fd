-- pgtide._apply_tables(i_nrs, i_replica, i_on_conflict)
--
-- On the subscriber: applies the typed rows of some tables of pgtide_work together. They are applied set-wise and, if that
-- meets a unique, exclusion or foreign key violation, event by event in the exact order, with the rows that were collapsed.
--
-- Arguments: i_nrs - numbers in pgtide_work; i_replica, i_on_conflict - as for pgtide.apply_stage
-- Returns: bool, false; true when a table failed, and the others are to be tried again without it
-- Writes: the tables; temporary tables pgtide_work, pgtide_counts, pgtide_stage; as pgtide._type_stage; it sets all
--         constraints to deferred
-- Errors: TD013 as pgtide._find_failure; those that do not concern a table alone (pgtide._is_table_failure), and with the policy stop those that do
--         (pgtide._table_failure)
--
-- If a table fails in the exact order too, its reason is in pgtide_work.error, with its SQLSTATE in state, and nothing of
-- these tables is applied.
--
-- If keys that were guessed to be distinct (pgtide._type_stage) are not, the events are collapsed and applied again. If rows
-- that are typed only as they are read (pgtide_work.lazy) fail, they are applied again with rows that are typed before: then
-- an error comes from the one or the other, and rows can be looked up. Rows that arrived as rows are typed already.
--
-- The event at which a set-wise statement failed is searched afterwards (pgtide._find_failure), so that success costs
-- nothing extra. The failure of a foreign key of a table that is not among these is a failure of the table that it refers
-- to: pgtide._failed_tables.
create or replace function pgtide._apply_tables(i_nrs int[], i_replica bool, i_on_conflict text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exact bool := false;
    v_typed bool := false;
    v_work record;
    v_collapsed bigint;
    v_steps record;
    v_nr int;
    v_event bigint;
    v_failed text;
    v_state text;
    v_message text;
    v_detail text;
    v_context text;
    v_schema text;
    v_table text;
    v_column text;
    v_constraint text;
    v_type text;
    -- The reason if a foreign key fails whose table is not changed here.
    v_own_key text;
    -- The tables that have rows; the others are only truncated.
    v_nrs constant int[] := array(select w.nr from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.events > 0 order by w.nr);
begin
    loop
        begin
            v_nr := null;
            perform pgtide._apply_truncates(array(select w.nr from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.truncated));
            foreach v_nr in array array(
                select nr from pg_temp.pgtide_work where nr = any (i_nrs) and (v_typed and lazy or v_exact and (lazy or collapsed > 0))) loop
                select * into v_work from pg_temp.pgtide_work where nr = v_nr;
                perform pgtide._unfold_stage(v_work.table_name, v_nr);
                perform pgtide._type_stage(v_work.table_name, v_work.oid, v_nr, false, false, false);
                update pg_temp.pgtide_work set collapsed = 0, lazy = false where nr = v_nr;
            end loop;
            if v_exact then
                select array_agg(s.nr) as nrs, array_agg(s.ev_id) as events, array_agg(s.op::"char") as ops into v_steps
                from pgtide._exact_steps(v_nrs) s where v_nrs <> '{}';
                for i in 1 .. coalesce(cardinality(v_steps.nrs), 0) loop
                    v_nr := v_steps.nrs[i];
                    v_event := v_steps.events[i];
                    perform pgtide._apply_event(v_nr, v_event, v_steps.ops[i]::text, i_on_conflict);
                end loop;
            else
                select array_agg(s.nr) as nrs, array_agg(s.op) as ops into v_steps from pgtide._set_steps(v_nrs, i_replica) s;
                for i in 1 .. coalesce(cardinality(v_steps.nrs), 0) loop
                    v_nr := v_steps.nrs[i];
                    perform pgtide._apply_set(v_nr, v_steps.ops[i], i_on_conflict);
                end loop;
            end if;
            v_nr := null;
            v_event := null;
            perform pgtide._check_own_keys(i_nrs);
            perform pgtide.run(null, 'set constraints all immediate');
            set constraints all deferred;
            update pg_temp.pgtide_work set exact = exact or v_exact where nr = any (i_nrs);
            return false;
        exception when others or assert_failure then
            get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail,
                v_context = pg_exception_context, v_schema = schema_name, v_table = table_name, v_column = column_name,
                v_constraint = constraint_name, v_type = pg_datatype_name;
            if v_state = 'TD010' then
                select * into v_work from pg_temp.pgtide_work where nr = v_nr;
                v_collapsed := pgtide._type_stage(v_work.table_name, v_work.oid, v_nr, true, false, false);
                update pg_temp.pgtide_work set collapsed = v_collapsed, lazy = false where nr = v_nr;
                continue;
            end if;
            if not v_typed and exists (select from pg_temp.pgtide_work w where w.nr = any (i_nrs) and w.lazy
                                       and not exists (select from pg_temp.pgtide_typed c where c.table_name = w.table_name)) then
                v_typed := true;
                continue;
            end if;
            if v_state in ('23503', '23001') and pgtide._failed_tables(i_nrs, v_schema, v_table, null) = '{}'
                and exists (select from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
                            where k.contype = 'f' and k.conname = v_constraint and c.relname = v_table and n.nspname = v_schema)
            then
                -- The key's table is not changed here, so neither another order nor a longer slice helps. (Names are looked
                -- up, because a function may raise any name.)
                v_exact := true;
                v_state := '23001';
                v_own_key := format('%s: foreign key "%s" of table %s.%s refers to rows that are to be deleted; '
                    'delete its rows or drop it, then copy this table again', pgtide._condition_name(v_state), v_constraint, v_schema, v_table);
            end if;
            if v_exact or v_state not in ('23505', '23503', '23P01') then
                if not pgtide._is_table_failure(v_state) then
                    raise;
                end if;
                if v_nr is not null and not v_exact then
                    select f.ev_id, coalesce(f.schema_name, v_schema), coalesce(f.table_name, v_table), coalesce(f.column_name, v_column)
                    into v_event, v_schema, v_table, v_column
                    from pg_temp.pgtide_work w,
                         pgtide._find_failure(w.table_name, w.oid, v_nr, v_state, i_on_conflict) f where w.nr = v_nr;
                end if;
                v_failed := pgtide._table_failure(v_state, coalesce(v_own_key, pgtide._failure_text(v_state, v_message, v_detail, v_context,
                    v_schema, v_table, v_column, v_constraint, v_type, v_event)), i_on_conflict);
                -- A check at the end names its table itself.
                update pg_temp.pgtide_work w set error = v_failed, state = v_state
                where w.nr = any (case when v_nr is null then pgtide._failed_tables(i_nrs, v_schema, v_table, v_constraint) else array[v_nr] end);
                if not found then
                    raise;
                end if;
                return true;
            end if;
            v_exact := true;
        end;
    end loop;
end;
$$;
