-- pgq._same_value(i_type, i_old, i_new)
--
-- Whether two texts of a type stand for equal values, as the type's default operator class sees it ('1.0' and '1.00' of
-- numeric do); arrays, and types without such a class, by their text. Equal texts are equal.
--
-- Arguments: i_old, i_new - neither is null
-- Returns: boolean
-- Writes: nothing
--
-- The types' names are those without a length: that of null for character or bit would mean one character, or bit.
create or replace function pgq._same_value(i_type oid, i_collation oid, i_old text, i_new text) returns boolean
language plpgsql stable as $$
declare
    c_by_text       constant oid[] := array[16, 17, 18, 20, 21, 23, 26, 114, 142, 600, 790, 829, 869, 1082, 1083, 1114, 1184,
                        1266, 2950];
    c_by_collation  constant oid[] := array[19, 25, 1042, 1043];
    v_type      record;
    v_base      oid := i_type;
    v_operator  text;
    v_same      boolean;
begin
    if i_old = i_new collate "C" or i_type = any (c_by_text)
        or (i_type = any (c_by_collation) and i_type <> 1042 and i_collation in (0, 100, 950))
    then
        return i_old = i_new collate "C";
    end if;
    loop
        select t.typtype, t.typbasetype, t.typcategory into v_type from pg_type t where t.oid = v_base;
        exit when v_type.typtype <> 'd';
        v_base := v_type.typbasetype;
    end loop;
    if v_type.typcategory = 'A' then
        return false;
    end if;

    select format('operator(%I.%s)', n.nspname, o.oprname) into v_operator
      from pg_opclass c
      join pg_am m on m.oid = c.opcmethod
      join pg_amop a on a.amopfamily = c.opcfamily and a.amoplefttype = c.opcintype and a.amoprighttype = c.opcintype
                    and a.amopstrategy = case m.amname when 'btree' then 3 else 1 end
      join pg_operator o on o.oid = a.amopopr
      join pg_namespace n on n.oid = o.oprnamespace
     where c.opcdefault and m.amname in ('btree', 'hash')
       and c.opcintype in (v_base, case v_base when 1043 then 25 end, case v_type.typtype
               when 'c' then 2249 when 'e' then 3500 when 'r' then 3831 when 'm' then 4537 end)
     order by m.amname
     limit 1;
    if not found then
        return false;
    end if;
    execute format('select $1::%1$s%2$s %3$s $2::%1$s', format_type(v_base, -1),
                (select format(' collate %I.%I', n.nspname, c.collname)
                   from pg_collation c join pg_namespace n on n.oid = c.collnamespace
                  where c.oid = i_collation and i_collation not in (0, 100)), v_operator)
       into v_same using i_old, i_new;
    return v_same;
end;
$$;
