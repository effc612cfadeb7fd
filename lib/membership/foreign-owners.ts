/**
 * Tables that belong to roles other than the one that replicates. They are written and read as their owners (pgtide.table_runner,
 * table_reader).
 */
import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';

/**
 * Returns an SQL expression for the name of an owner (an oid) that is neither this role nor a role of which it is a member. The expression
 * is null for a superuser, too, because no role should become a member of a superuser.
 */
export const nonMemberOf = (owner: string) =>
  `(select o.rolname::text from pg_catalog.pg_roles o
     where o.oid = ${owner} and not o.rolsuper and not pg_catalog.pg_has_role(o.oid, 'MEMBER'))`;

/**
 * Returns the GRANT that gives a role all that replication needs for another role's tables. Rights on a table alone do not let the role act
 * for the owner.
 */
export function grantMembership(owner: string, role: string): string {
  return `grant ${quoteIdent(owner)} to ${quoteIdent(role)}`;
}

export interface ForeignTable {
  name: string;
  owner: string;
  /** The role that replicates. */
  role: string;
  /** The role that replicates may act for the owner. */
  member: boolean;
  /** A partition or child belongs to another role than the table. */
  mixed: boolean;
  /** Row security is forced on the owner. */
  forced: boolean;
}

/** Returns those of these tables that belong to another role that is not a superuser. */
export function listForeignTables(client: Client, tables: readonly string[]): Promise<ForeignTable[]> {
  return client.query<ForeignTable>(
    `select n.name, r.rolname::text as owner, current_user::text as role, pg_has_role(f.owners[1], 'MEMBER') as member,
            f.owners <> array[c.relowner] as mixed, c.relforcerowsecurity as forced
       from unnest($1::text[]) n (name)
       join pg_class c on c.oid = londiste.find_table_oid(n.name)
       join pg_roles r on r.oid = c.relowner
      cross join lateral pgtide.foreign_owners(c.oid) as f (owners)
      where f.owners <> '{}'
      order by 1`,
    [tables],
  );
}

/** Returns whether the table has a row, as its owner sees it. */
export async function hasRowsForOwner(subscriber: Client, table: string): Promise<boolean> {
  const row = await subscriber.first<{ found: boolean }>(
    'select pgtide.has_rows(londiste.find_table_oid($1)) as found',
    [table],
  );
  return row?.found === true;
}
