-- pgtide.pin_settings(i_values)
--
-- Sets the settings of pgtide._pinned_settings for the rest of the transaction.
--
-- Arguments: i_values - the values, in the order of pgtide._pinned_settings; null: the pinned ones
-- Returns: text[], the values that they had, in the same order
-- Writes: these settings, until the transaction ends
create or replace function pgtide.pin_settings(i_values text[])
returns text[] language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_setting record;
    v_before text[] := '{}';
    v_after text;
begin
    for v_setting in select s.name, s.value, row_number() over () as nr from pgtide._pinned_settings() s loop
        v_before := v_before || current_setting(v_setting.name);
        v_after := coalesce(i_values[v_setting.nr], v_setting.value);
        if v_after <> current_setting(v_setting.name) then
            perform set_config(v_setting.name, v_after, true);
        end if;
    end loop;
    return v_before;
end;
$$;
