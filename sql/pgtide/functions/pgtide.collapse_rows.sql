-- pgtide.collapse_rows(i_nr) returns bigint
--
-- Reduces the typed rows of a table to the last image per key, with the operation that leads there from where the key
-- stood before the slice: whether it existed before, its first event says (an insert: no); whether it exists after, its last
-- (a delete: no). Returns the number of rows taken out.
-- The keys are grouped narrow; to sort whole rows (DISTINCT ON) costs more than to apply them.
create or replace function pgtide.collapse_rows(i_nr int)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text;
    v_repeated bool;
    v_before bigint;
begin
    select string_agg('c' || k, ', ') into strict v_key
    from (select unnest(key) as k from (select key from pg_temp.pgtide_shapes where nr = i_nr limit 1) s) s;
    execute format('select exists (select from pg_temp.pgtide_rows_%s group by %s having count(*) > 1)', i_nr, v_key) into v_repeated;
    if not v_repeated then
        return 0;
    end if;
    execute format('select count(*) from pg_temp.pgtide_rows_%s', i_nr) into v_before;
    -- Two low bits carry the operation through min(): 0 insert, 1 other.
    execute format(
        'create temp table pgtide_last on commit drop as
         select max(ev_id) as ev_id, min(ev_id * 2 + case when op = ''I'' then 0 else 1 end) & 1 as existed
         from pg_temp.pgtide_rows_%s group by %s', i_nr, v_key);
    execute format(
        'delete from pg_temp.pgtide_rows_%1$s r where not exists (
             select from pg_temp.pgtide_last l where l.ev_id = r.ev_id and not (l.existed = 0 and r.op = ''D''))', i_nr);
    execute format(
        'update pg_temp.pgtide_rows_%s r set op = case when l.existed = 1 then ''U'' else ''I'' end
         from pg_temp.pgtide_last l
         where l.ev_id = r.ev_id and (r.op = ''U'' and l.existed = 0 or r.op = ''I'' and l.existed = 1)', i_nr);
    drop table pg_temp.pgtide_last;
    execute format('select $1 - count(*) from pg_temp.pgtide_rows_%s', i_nr) into v_before using v_before;
    return v_before;
end;
$$;
