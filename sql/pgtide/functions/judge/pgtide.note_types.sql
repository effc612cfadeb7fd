-- pgtide.note_types(i_queue, i_judged)
--
-- On the subscriber: stores the judgement of the tables of pgtide.unjudged_types.
--
-- Arguments: i_judged - [{"table", "mark", "tag": the provider's present tag, null if no event has it, "types": its
--            pgtide.column_types, "misfit": why the table cannot go on}..]
-- Returns: nothing
-- Writes: pgtide.judged_types; temporary table pgtide_kinds
--
-- A misfit is noted in pgtide_kinds, so that pgtide._check_readable has the table set aside. Tables that fit are remembered,
-- and judgements for other columns of the table here are forgotten.
create or replace function pgtide.note_types(i_queue text, i_judged jsonb)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update pg_temp.pgtide_kinds k set misfit = j.misfit
    from jsonb_to_recordset(i_judged) as j ("table" text, misfit text)
    where k.table_name = j."table" and j.misfit is not null;
    insert into pgtide.judged_types as t (queue_name, table_name, mark, tags, types)
    select i_queue, j."table", j.mark, array_remove(array[j.tag], null), j.types
    from jsonb_to_recordset(i_judged) as j ("table" text, mark text, tag text, types jsonb, misfit text)
    where j.misfit is null
    on conflict (queue_name, table_name) do update
    set mark = excluded.mark, types = excluded.types,
        tags = case when t.mark = excluded.mark then excluded.tags || t.tags[1:20] else excluded.tags end
    where t.mark <> excluded.mark or t.types <> excluded.types or not excluded.tags <@ t.tags;
end;
$$;
