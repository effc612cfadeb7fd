-- londiste._copy_rule(i_rule, i_part)
--
-- Creates a table's rule on another table, too, enabled as it is. Where the rule's condition or action names the table, it stays so.
--
-- Returns: nothing
-- Writes: a rule
create or replace function londiste._copy_rule(i_rule oid, i_part oid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_rule  record;
    v_sql   text := pg_get_ruledef(i_rule);
begin
    select r.rulename, r.ev_enabled,
           format(E'CREATE RULE %I AS\n    ON %s TO ', r.rulename, (array['SELECT', 'UPDATE', 'INSERT', 'DELETE'])[r.ev_type::text::int4]) as head,
           r.ev_class::regclass::text as on_table
      into strict v_rule
      from pg_rewrite r where r.oid = i_rule;
    execute v_rule.head || i_part::regclass || substr(v_sql, length(v_rule.head || v_rule.on_table) + 1);
    if v_rule.ev_enabled <> 'O' then
        execute format('alter table %s %s rule %I', i_part::regclass,
            case v_rule.ev_enabled when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, v_rule.rulename);
    end if;
end;
$$;
