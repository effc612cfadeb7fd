-- pgtide.note_types(i_queue, i_judged) returns void
--
-- On the subscriber: what came out for the tables of pgtide.unjudged_types.
--   i_judged  [{"table", "mark", "tag": the provider's present one, "misfit": why the columns here do not keep its values}..]
-- A misfit is noted in pgtide_kinds, for pgtide.apply_stage to set the table aside. What fits is remembered, and what was known for
-- other columns here is forgotten. Writes pgtide.judged_types.
create or replace function pgtide.note_types(i_queue text, i_judged jsonb)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update pg_temp.pgtide_kinds k set misfit = j.misfit
    from jsonb_to_recordset(i_judged) as j ("table" text, misfit text)
    where k.table_name = j."table" and j.misfit is not null;
    delete from pgtide.judged_types t using jsonb_to_recordset(i_judged) as j ("table" text, mark text)
    where t.queue_name = i_queue and t.table_name = j."table" and t.mark <> j.mark;
    insert into pgtide.judged_types (queue_name, table_name, tag, mark)
    select i_queue, j."table", j.tag, j.mark
    from jsonb_to_recordset(i_judged) as j ("table" text, mark text, tag text, misfit text)
    where j.misfit is null and j.tag is not null
    on conflict do nothing;
end;
$$;
