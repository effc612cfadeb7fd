-- londiste.create_partition(i_table, i_part, i_pkeys, i_part_field, i_part_time, i_part_period)
--
-- Creates a table that inherits from another one and is like it: columns, defaults, constraints, indexes, storage, comments, owner,
-- grants, triggers and rules; not foreign keys, nor policies of row security: where the parent has that, its partition has it too, and
-- so is only reached through the parent. One is created at a time; as the parent's
-- owner, where that is another role whose code PostgreSQL might run then.
--
-- Arguments: i_table, i_part - global names of both; i_pkeys - not used, the key is the table's; i_part_field - the column that
--            decides, for a CHECK on its range: null or '' for none; i_part_time - any time within the range; i_part_period -
--            hour, day, month, year, or what else date_trunc and interval know; ranges are those of the session's time zone
-- Returns: int4, 1; 0 when there is a table or anything else of that name
-- Writes: a table; holds a lock on londiste.table_info, which keeps out only others who create partitions
-- Errors: TD001 a name is null, no finite time or no period; TD002 no such table or schema; as londiste._copy_trigger;
--         TD004 this role may not act for the owner of the table, or that may not create one there
create or replace function londiste.create_partition(
    i_table text,
    i_part text,
    i_pkeys text,
    i_part_field text,
    i_part_time timestamptz,
    i_part_period text
) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_time      constant text := 'YYYY-MM-DD HH24:MI:SS';
    v_parent    oid := londiste.find_table_oid(i_table);
    v_name      text := londiste.make_fqname(i_part);
    v_field     text := nullif(i_part_field, '');
    v_start     timestamptz;
    v_create    text;
    v_owner     oid;
    v_dot       int4;
    v_part      text;
    v_info      record;
    v_grant     record;
    v_oid       oid;
begin
    if i_table is null or i_part is null then
        raise exception 'need table and part' using errcode = 'TD001';
    elsif v_parent is null then
        raise exception 'relation "%" does not exist', londiste.make_fqname(i_table) using errcode = 'TD002';
    elsif v_field is not null and (i_part_period is null or i_part_time is null or not isfinite(i_part_time)) then
        raise exception 'need part time and period' using errcode = 'TD001';
    end if;
    -- As in names of tables, every dot is tried as the one after the schema.
    select min(d.pos) into v_dot
      from generate_series(2, length(v_name) - 1) d(pos)
      join pg_namespace n on n.nspname = left(v_name, d.pos - 1)
     where substr(v_name, d.pos, 1) = '.';
    if v_dot is null then
        raise exception 'schema of "%" does not exist', v_name using errcode = 'TD002';
    end if;
    v_part := format('%I.%I', left(v_name, v_dot - 1), substr(v_name, v_dot + 1)::name);

    lock table londiste.table_info in share update exclusive mode;
    if to_regclass(v_part) is not null then
        return 0;
    end if;
    v_create := format('create table %s (like %s including all) inherits (%2$s)', v_part, v_parent::regclass);
    select c.relowner into v_owner from pg_class c join pg_roles r on r.oid = c.relowner
     where c.oid = v_parent and not r.rolsuper and r.rolname <> current_user;
    if v_owner is null or pgtide.foreign_code(v_parent) is null then
        execute v_create;
    elsif not has_schema_privilege(v_owner, left(v_name, v_dot - 1), 'CREATE') then
        raise exception 'the partition must be made as role %, whose code % calls', pg_get_userbyid(v_owner), v_parent::regclass
            using errcode = 'TD004', hint = format('grant create on schema %I to %I', left(v_name, v_dot - 1), pg_get_userbyid(v_owner));
    else
        -- CREATE INDEX computes constant calls as the role that runs it.
        perform pgtide.run(pgtide.owner_runner(v_owner), v_create);
    end if;
    v_oid := v_part::regclass;
    select pg_get_userbyid(c.relowner) as owner, c.relacl as acl, c.relowner <> p.relowner as owned_by_other,
           c.relrowsecurity as secured
      into v_info
      from pg_class c, pg_class p where c.oid = v_parent and p.oid = v_oid;
    if v_info.owned_by_other then
        execute format('alter table %s owner to %I', v_part, v_info.owner);
    end if;
    if v_field is not null then
        v_start := date_trunc(i_part_period, i_part_time);
        execute format('alter table %s add check (%2$I >= %3$L and %2$I < %4$L)', v_part, v_field,
            to_char(v_start, c_time), to_char(v_start + ('1 ' || i_part_period)::interval, c_time));
    end if;
    if v_info.secured then
        execute format('alter table %s enable row level security', v_part);
    end if;
    for v_grant in
        select a.privilege_type as privilege, a.is_grantable,
               case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
          from aclexplode(v_info.acl) a
    loop
        execute format('grant %s on %s to %s%s', v_grant.privilege, v_part, v_grant.grantee,
            case when v_grant.is_grantable then ' with grant option' else '' end);
    end loop;
    perform londiste._copy_trigger(t.oid, v_oid)
       from pg_trigger t where t.tgrelid = v_parent and not t.tgisinternal order by t.tgname;
    perform londiste._copy_rule(r.oid, v_oid)
       from pg_rewrite r where r.ev_class = v_parent and r.rulename <> '_RETURN' order by r.rulename;
    return 1;
end;
$$;
