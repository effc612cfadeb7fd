-- pgq._in_list(i_list, i_name)
--
-- Whether a list as in ignore= and pkey= of the trigger functions holds a name: commas and white space end one, so that
-- a name with blanks is found as well as each of its words.
--
-- Returns: boolean; false when the list is null
-- Writes: nothing
create or replace function pgq._in_list(i_list text, i_name text) returns boolean
language plpgsql immutable as $$
begin
    return coalesce(strpos(translate(',' || i_list || ',', E' \t\n\r\f\v', ',,,,,,'),
                           translate(',' || i_name || ',', E' \t\n\r\f\v', ',,,,,,')) > 0, false);
end;
$$;
