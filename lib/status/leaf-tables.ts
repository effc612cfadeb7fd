import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import { shellWord } from '../shell-word.ts';
import type { Problem } from './found-problem.ts';
import type { TableStatus } from './shape.ts';

interface TableRow {
  name: string;
  mergeState: string | null;
  exists: boolean;
  copiedRows: bigint;
  totalRowsEstimate: bigint | null;
  error: string | null;
  /** True if the root has removed the table. */
  leaving: boolean;
  missing: bigint;
  conflicts: bigint;
  restoreError: string | null;
  /** Seconds since a chunk was last begun, while chunks are left; null if none is left, or none was begun. */
  idleCopySeconds: number | null;
}

export interface LeafTables {
  tables: TableStatus[];
  problems: Problem[];
}

const leafTablesSql = sqlText('status/leaf-tables.sql');

/** Returns the tables of a subscriber, with the progress and the problems of each. */
export async function readLeafTables(
  client: Client,
  queue: string,
  options: { overwrites: boolean; maxLagSeconds: number },
): Promise<LeafTables> {
  const rows = await client.query<TableRow>(leafTablesSql, [queue]);
  return {
    tables: rows.map((row) => ({
      name: row.name,
      state: row.mergeState ?? 'new',
      copiedRows: Number(row.copiedRows),
      // The number of copied rows is the better estimate once it is higher.
      totalRowsEstimate:
        row.totalRowsEstimate === null
          ? null
          : Math.max(Number(row.totalRowsEstimate), Number(row.copiedRows)),
      error: row.error,
    })),
    problems: [
      ...rows.flatMap((row) => problemsOf(client.node, row, { queue, ...options })),
      ...(await departedProblems(client, queue)),
    ],
  };
}

/** Problems of tables that have left replication, and of which not all dropped objects are restored. */
async function departedProblems(client: Client, queue: string): Promise<Problem[]> {
  const rows = await client.query<{ name: string; error: string }>(
    `select d.table_name as name, d.object_name || ': ' || d.error as error
       from pgtide.saved_ddl d
      where d.queue_name = $1 and d.error is not null and not exists (
          select from londiste.table_info t where t.queue_name = d.queue_name and t.table_name = d.table_name and t.local)
      order by 1, 2`,
    [queue],
  );
  return rows.map(({ name, error }) => restoreFailed(client.node, name, error));
}

function restoreFailed(node: string, name: string, error: string): Problem {
  return {
    code: 'restore-failed',
    message: `${node}: ${name} lacks what was taken off for its copy: ${error}`,
    remedy: 'fix the cause; the next run of copy tries again',
  };
}

interface Judging {
  queue: string;
  overwrites: boolean;
  maxLagSeconds: number;
}

function problemsOf(node: string, row: TableRow, of: Judging): Problem[] {
  const { name } = row;
  const resync = `pgtide resync ${of.queue} ${name}`;
  const problems: Problem[] = [];
  if (!row.exists)
    problems.push({
      code: 'table-missing',
      message: `${node}: the table ${name} is not there any more`,
      remedy: `make it again and ${resync}, or pgtide remove-table ${of.queue} ${name}`,
    });
  if (row.error !== null)
    problems.push({
      code: 'table-error',
      message: `${node}: ${name} is set aside: ${row.error}`,
      remedy: row.leaving
        ? `the root does not offer it any more; to take it out as it is: pgtide remove-table ${of.queue} ${shellWord(name)} --now`
        : `fix the cause, then copy it again: ${resync}`,
    });
  if (row.missing > 0n || row.conflicts > 0n)
    problems.push({
      code: of.overwrites ? 'rows-overwritten' : 'rows-differed',
      message: `${node}: ${name} has met ${row.missing} events whose row was missing, and ${row.conflicts} whose row was there already`,
      remedy: `find who else writes to it; pgtide compare ${of.queue} ${name} shows what differs, and ${resync} makes it equal`,
    });
  if (row.error === null && (row.idleCopySeconds ?? 0) > of.maxLagSeconds)
    problems.push({
      code: 'copy-stale',
      message: `${node}: the copy of ${name} has not gone on for ${Math.round(row.idleCopySeconds ?? 0)} s`,
      remedy: 'check that the schedule of copy is on, and what its last run logged; locally: pgtide run',
    });
  if (row.restoreError !== null) problems.push(restoreFailed(node, name, row.restoreError));
  return problems;
}
