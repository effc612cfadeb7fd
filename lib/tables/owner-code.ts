/** Who a role is that replicates, and whose code runs beside it. */
import type { Client } from '../db/client.ts';

/** A table that is written as its owner, because code of that role runs then (pgtide.table_runner). */
export interface OwnerCode {
  table: string;
  owner: string;
  /** The role that replicates may act for the owner. */
  member: boolean;
}

/** Those of these tables that a subscriber's role writes as their owners. */
export function listOwnerCode(subscriber: Client, tables: readonly string[]): Promise<OwnerCode[]> {
  return subscriber.query<OwnerCode>(
    `select n.name as "table", r.rolname::text as owner, pg_has_role(r.oid, 'MEMBER') as member
       from unnest($1::text[]) n (name)
       join pg_class c on c.oid = londiste.find_table_oid(n.name)
       join pg_roles r on r.oid = c.relowner
      where not r.rolsuper and r.rolname <> current_user and pgtide.runs_code(c.oid, true)
      order by 1`,
    [tables],
  );
}

/** What to say of a role that could do more than replication needs; undefined: it could not. */
export async function noteOnRole(client: Client): Promise<string | undefined> {
  const row = await client.first<{ role: string }>(
    'select rolname::text as role from pg_roles where rolname = current_user and rolsuper',
  );
  return (
    row &&
    `${client.node}: the role ${row.role} is a superuser, which is more than replication needs: a role that owns the tables, or is a member of their owners, is enough`
  );
}
