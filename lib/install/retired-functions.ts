/**
 * Functions that no file defines any more. A statement that runs while an upgrade commits goes on in the earlier bodies, and these call
 * their helpers by name: without them, a write of the application would fail inside its capture. So an upgrade only marks such functions,
 * by a comment. They are dropped afterwards, once every transaction has ended that was open after the commit. If that takes too long, or if
 * objects of users depend on a function, it stays, and every later install tries again.
 *
 * An earlier function with the name of a present one is not kept, since calls could become ambiguous. So a function that captures reach
 * keeps its arguments; if it needs others, it gets another name.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';
import { lockInstallation } from './preconditions.ts';
import { schemaOrder } from './schema-sources.ts';

const MARK = 'Not part of this release of pgtide. pgtide init drops it once no open transaction can call it.';
const PAUSE_MS = 100;

interface RetiredFunction {
  oid: number;
  signature: string;
}

/** Marks the functions that are to be dropped later, and takes the mark from functions that a file defines again. */
export async function retireFunctions(
  client: Client,
  { stale, defined }: { stale: readonly string[]; defined: readonly string[] },
): Promise<void> {
  for (const signature of stale)
    await client.query(`comment on function ${signature} is ${quoteLiteral(MARK)}`);
  for (const { signature } of await listRetired(client))
    if (defined.includes(signature)) await client.query(`comment on function ${signature} is null`);
}

/**
 * Drops the marked functions. Waits for open transactions for up to `waitMs`. Returns the signatures of the functions that stay.
 */
export async function dropRetiredFunctions(client: Client, waitMs: number): Promise<string[]> {
  const marked = await client.transaction({}, () => listRetired(client));
  if (marked.length === 0) return [];
  if (await haveEnded(client, await openTransactions(client), waitMs))
    await client.transaction({}, () => drop(client, marked));
  return (await client.transaction({}, () => listRetired(client))).map(({ signature }) => signature);
}

/** Drops those of these functions that are still marked, and on which nothing depends. */
async function drop(client: Client, marked: readonly RetiredFunction[]): Promise<void> {
  await lockInstallation(client);
  const still = (await listRetired(client)).filter(({ oid }) => marked.some((one) => one.oid === oid));
  const drops = still.map(
    ({ signature }) =>
      `begin drop function ${signature}; exception when dependent_objects_still_exist then null; end;`,
  );
  await client.query(`do ${quoteLiteral(`begin ${drops.join(' ')} end`)}`);
}

/** Only in pgtide's schemas: any role can comment on its functions elsewhere. */
function listRetired(client: Client): Promise<RetiredFunction[]> {
  return client.query<RetiredFunction>(
    `select p.oid, p.oid::regprocedure::text as signature
       from pg_catalog.pg_description d
       join pg_catalog.pg_proc p on p.oid = d.objoid and pg_catalog.pg_has_role(p.proowner, 'USAGE')
       join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspname = any ($2)
      where d.classoid = 'pg_catalog.pg_proc'::regclass and d.objsubid = 0 and d.description = $1
      order by 2`,
    [MARK, schemaOrder],
  );
}

/** The other transactions of users in this database. Every role can see them by their virtual ids, also those that have not written. */
async function openTransactions(client: Client): Promise<string[]> {
  const rows = await client.query<{ id: string }>(
    `select l.virtualtransaction as id
       from pg_catalog.pg_locks l
       join pg_catalog.pg_stat_activity a on a.pid = l.pid
       join pg_catalog.pg_database d on d.oid = a.datid and d.datname = pg_catalog.current_database()
      where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and a.usesysid is not null
        and l.pid <> pg_catalog.pg_backend_pid()`,
  );
  return rows.map(({ id }) => id);
}

async function haveEnded(client: Client, transactions: readonly string[], waitMs: number): Promise<boolean> {
  const until = performance.now() + waitMs;
  for (;;) {
    const open = await openTransactions(client);
    if (!transactions.some((id) => open.includes(id))) return true;
    if (performance.now() >= until) return false;
    await pause(PAUSE_MS);
  }
}

/** What an installation says about functions that stay. */
export const keptFunctions = (retired: readonly string[]): string =>
  'kept functions of an earlier release, which open transactions may call or on which objects depend, ' +
  `until the next installation: ${retired.join(', ')}`;
