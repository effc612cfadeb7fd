-- pgtide._merge_key(i_root)
--
-- How pgtide.merge_nested reads and compares the key of a table, as SQL.
--
-- Returns: of_event - the key of event e, read from its JSON j.data: one value, so that it can be joined
--          of_key - the columns of the key in k.key, a list for SELECT
--          matches - the condition that row t of the table has the key of row p, which has the columns of of_key
-- Writes: nothing
--
-- Keys are compared as the key's index does: two events may spell one key in different ways. A key whose text cannot be read without
-- running the checks of a domain is compared as text, which no index serves.
create or replace function pgtide._merge_key(i_root oid, out of_event text, out of_key text, out matches text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    select case when count(*) = 1 then min(v.value) else 'row(' || string_agg(v.value, ', ' order by v.nr) || ')' end,
           string_agg(format('%s as %I', v.of_key, v.name), ', '),
           case when bool_and(v.safe) then pgtide.key_match(i_root, 't', 'p') else string_agg(v.same_text, ' and ') end
    into of_event, of_key, matches
    from (select k.nr, k.name, x.safe, y.of_key,
                 y.of_event || case when x.safe then pgtide._collate_clause(coalesce(i.indcollation[k.nr - 1], a.attcollation),
                                                                           a.attcollation, a.atttypid)
                                    else '' end as value,
                 format('%s = %s', pgtide._type_text('t.' || quote_ident(k.name), a.atttypid),
                        case when x.safe then pgtide._type_text('p.' || quote_ident(k.name), pgtide._base_type(a.atttypid))
                             else 'p.' || quote_ident(k.name) end) as same_text
          from unnest(pgtide.table_key(i_root)) with ordinality k (name, nr)
          join pg_attribute a on a.attrelid = i_root and a.attname = k.name
          cross join lateral pgtide._input_is_safe(a.atttypid) x (safe)
          cross join lateral (
              select max(case w.rows when 'j' then w.typed end) as of_event, max(case w.rows when 'k' then w.typed end) as of_key
              from (select r.rows, case when x.safe then pgtide._text_as(r.text, pgtide._base_type(a.atttypid)) else r.text end as typed
                    from (select n.rows, format('(%s.data->>%L)', n.rows, k.name) as text from (values ('j'), ('k')) n (rows)) r) w) y
          left join pg_index i on i.indexrelid = pgtide._key_index(i_root)) v;
end;
$$;
