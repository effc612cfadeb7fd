-- pgq._grant_perms_from(i_src_schema, i_src_table, i_dst_schema, i_dst_table)
--
-- Gives everybody the rights on one table that they have on another.
--
-- Returns: int4, the number of grants
-- Writes: the destination's access list
create or replace function pgq._grant_perms_from(
    i_src_schema text, i_src_table text, i_dst_schema text, i_dst_table text
) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_grant record;
    v_count int4 := 0;
begin
    for v_grant in
        select a.privilege_type, a.is_grantable,
               case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         cross join aclexplode(c.relacl) a
          left join pg_roles r on r.oid = a.grantee
         where n.nspname = i_src_schema and c.relname = i_src_table
           and a.grantee <> c.relowner and (a.grantee = 0 or r.rolname is not null)
    loop
        execute format('grant %s on table %I.%I to %s%s', v_grant.privilege_type, i_dst_schema, i_dst_table,
            v_grant.grantee, case when v_grant.is_grantable then ' with grant option' else '' end);
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
