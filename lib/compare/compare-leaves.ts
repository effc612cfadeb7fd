import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { matching, withoutExcluded } from '../name-pattern.ts';
import { refuseSameDatabase } from '../node/same-database.ts';
import { requireNode } from '../topology/local-node.ts';
import { isRoot, subscribersOf } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { catchUp, type Drive } from './catch-up.ts';
import { compareTables, type TableRequest } from './compare-tables.ts';
import type { TableReport } from './report.ts';

export interface CompareInput {
  /** Global names, `schema.table`; a name without a schema is in `public`. Default: all tables of the queue. */
  tables?: string[] | undefined;
  exclude?: string[] | undefined;
}

export interface CompareResult {
  /** True only if every requested table is proven equal. */
  equal: boolean;
  /** Number of rows that permanently differ, over all tables. */
  differences: number;
  /** Tables that were not compared, because their copy is not done. */
  notSynced: string[];
  tables: TableReport[];
}

export interface CompareSettings {
  /** Continues replication while the comparison waits, if no schedule does; the command line and tests pass one. */
  drive?: Drive;
  rowsPerRange?: number;
  maxCandidates?: number;
}

/** Time reserved for the last reading and the response after the wait ends. */
const RESERVE_MS = 2_000;

/**
 * Compares the tables of a queue: for the root, with the tables of every leaf; for any other node, with the tables of that node.
 * `complete`: no table is left undecided.
 */
export async function compareLeaves(
  context: UnitContext,
  input: CompareInput,
  settings: CompareSettings,
): Promise<{ result: CompareResult; complete: boolean }> {
  const { config, queue, node } = context;
  const nodes = isRoot(context.role) ? subscribersOf(config, queue, node) : [node];
  const tables: TableReport[] = [];
  await context.connect(context.provider, async (provider) => {
    for (const node of nodes)
      await context.connect(node, async (subscriber) => {
        await refuseSameDatabase(provider, subscriber);
        tables.push(...(await compareNode(context, input, { provider, subscriber, settings })));
      });
  });
  const result: CompareResult = {
    equal: tables.length > 0 && tables.every((table) => table.verdict === 'equal'),
    differences: tables.reduce((sum, table) => sum + table.differences, 0),
    notSynced: tables.filter((table) => table.verdict === 'not-synced').map((table) => table.name),
    tables,
  };
  context.count('tables', tables.length);
  context.count('differences', result.differences);
  const unfinished = tables.some((table) => table.inFlight > 0 || table.outOfBudget);
  return { result, complete: !unfinished };
}

interface Pair {
  provider: Client;
  subscriber: Client;
  settings: CompareSettings;
}

async function compareNode(
  context: UnitContext,
  input: CompareInput,
  { provider, subscriber, settings }: Pair,
): Promise<TableReport[]> {
  const { queue, budget, clock } = context;
  const worker = (await requireNode(subscriber, queue)).workerName;
  const replicated = chosen(await replicatedTables(subscriber, queue), input, queue);
  const synced = replicated.filter((table) => table.state === 'ok');
  const wait = {
    provider,
    subscriber,
    queue,
    worker,
    budget,
    clock,
    reserveMs: RESERVE_MS,
    drive: settings.drive,
  };
  const reports = await context.step('compare', () =>
    compareTables(synced, {
      ...settings,
      provider,
      subscriber,
      budget,
      catchUp: () => context.step('catch-up', () => catchUp(wait)),
      progress: (table, rows, totalRows) =>
        context.progress?.({
          queue,
          node: subscriber.node,
          table,
          step: 'compare',
          rows,
          totalRows,
          bytes: 0,
        }),
    }),
  );
  const byName = new Map(reports.map((report) => [report.name, report]));
  return replicated.map((table) => byName.get(table.name) ?? notSynced(table.name, subscriber.node));
}

interface ReplicatedTable extends TableRequest {
  state: string | null;
}

async function replicatedTables(subscriber: Client, queue: string): Promise<ReplicatedTable[]> {
  return subscriber.query<ReplicatedTable & Record<string, unknown>>(
    `select table_name as name, table_name as "providerName", coalesce(dest_table, table_name) as "subscriberName",
            merge_state as state
       from londiste.table_info where queue_name = $1 and local order by nr`,
    [queue],
  );
}

function chosen(tables: ReplicatedTable[], input: CompareInput, queue: string): ReplicatedTable[] {
  const known = tables.map(({ name }) => name);
  const meant = new Set(withoutExcluded(named(known, input.tables, queue), input.exclude));
  return [...meant].flatMap((name) => tables.find((table) => table.name === name) ?? []);
}

function named(known: string[], names: string[] | undefined, queue: string): string[] {
  if (!names || names.length === 0) {
    if (known.length > 0) return known;
    throw new PgtideError('state', `queue ${queue} has no tables to compare`, {
      remedy: `add one: pgtide add-table ${queue} TABLE`,
    });
  }
  const found = names.map((name) => matching(known, name));
  const unknown = names.filter((_, nr) => found[nr]?.length === 0);
  if (unknown.length > 0)
    throw new PgtideError('not-found', `not in queue ${queue}: ${unknown.join(', ')}`, {
      remedy: `its tables are ${known.join(', ') || 'none'}`,
    });
  return [...new Set(found.flat())];
}

function notSynced(name: string, node: string): TableReport {
  return {
    name,
    node,
    providerRows: 0,
    subscriberRows: 0,
    differences: 0,
    inFlight: 0,
    verdict: 'not-synced',
  };
}
