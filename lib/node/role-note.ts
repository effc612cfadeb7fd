import type { Client } from '../db/client.ts';

/** Returns a note on a role that has more rights than replication needs; undefined if it does not. */
export async function noteOnRole(client: Client): Promise<string | undefined> {
  const row = await client.first<{ role: string }>(
    'select rolname::text as role from pg_roles where rolname = current_user and rolsuper',
  );
  return (
    row &&
    `${client.node}: the role ${row.role} is a superuser, which is more than replication needs: a role that owns the tables, or is a member of their owners, is enough`
  );
}
