-- pgq._pass_gate(i_queue_id, i_right, i_call, i_args)
--
-- What every gate does: calls <schema>._<right>_<name>(i_queue_id, ...), of a schema of ours, and nothing else. That function works on this queue
-- alone: what it is given by id (a batch) it looks up together with the queue.
--
-- Arguments: i_call - schema.name of the public function; i_args - its arguments but for the queue, as text
-- Returns: record, that function's result
-- Writes: what that function writes
-- Errors: TD001 there is no such function; as that function
create or replace function pgq._pass_gate(i_queue_id int4, i_right text, i_call text, i_args text[]) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_query     text;
    v_result    record;
begin
    select format('select * from %I.%I($1%s)', n.nspname, p.proname,
                  (select string_agg(format(', ($2)[%s]::%s', t.nr - 1, format_type(t.type, null)), '' order by t.nr)
                     from unnest(p.proargtypes) with ordinality t(type, nr) where t.nr > 1))
      into v_query
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('pgq', 'pgq_coop', 'pgq_node', 'pgtide')
       and n.nspowner = (select g.nspowner from pg_namespace g where g.nspname = 'pgq') and n.nspname = split_part(i_call, '.', 1)
       and p.proname = '_' || i_right || '_' || split_part(i_call, '.', 2);
    if not found then
        raise exception 'no such call: %', i_call using errcode = 'TD001';
    end if;
    execute v_query into v_result using i_queue_id, i_args;
    return v_result;
end;
$$;
