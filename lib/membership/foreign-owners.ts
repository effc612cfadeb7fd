/** Tables that belong to other roles than the one that replicates: written and read as those (pgtide.table_runner, table_reader). */
import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';

/**
 * SQL: the name of an owner (an oid) that is neither this role nor one that it is a member of. Null also for a superuser, because no
 * role should become a member of one.
 */
export const nonMemberOf = (owner: string) =>
  `(select o.rolname::text from pg_catalog.pg_roles o
     where o.oid = ${owner} and not o.rolsuper and not pg_catalog.pg_has_role(o.oid, 'MEMBER'))`;

/** What gives a role all that replication needs of the tables of another one: rights on a table alone do not let it act for the owner. */
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
  /** Row security is forced upon the owner. */
  forced: boolean;
}

/** Those of these tables that belong to another role, which is no superuser. */
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

/** True when the table has a row, as its owner sees it. */
export async function hasRowsForOwner(subscriber: Client, table: string): Promise<boolean> {
  const row = await subscriber.first<{ found: boolean }>(
    'select pgtide.has_rows(londiste.find_table_oid($1)) as found',
    [table],
  );
  return row?.found === true;
}
