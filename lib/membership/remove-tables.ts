import { listLeftCaptures, listPartitions } from '../capture/capture.ts';
import { briefly, type TableSteps, tableByTable } from '../capture/table-locks.ts';
import type { Client } from '../db/client.ts';
import { isNamed, matching, matchNames } from '../name-pattern.ts';
import { listJoining } from '../node/member-change.ts';
import { requireNode } from '../topology/local-node.ts';
import { isSubscriber, nodesOf } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { withNodes } from '../unit-context/with-nodes.ts';
import { abandonCopy, listSetAside } from './copy-state.ts';
import { removeRootTable } from './leave.ts';
import { listSequences, removeLocalSequence } from './member-sequences.ts';
import { listTables, type MemberTable, removeLocalTable } from './member-tables.ts';
import { listTableSequences } from './owned-sequences.ts';
import { listRelations } from './relations.ts';

export interface RemoveTableInput {
  tables: string[];
  all: boolean;
  exclude?: string[] | undefined;
  /** Leaves drop the tables at once, without the changes that are not replayed yet. */
  now: boolean;
}

export interface RemoveTableResult {
  /** `leaving`: a leaf has the table until replay reaches the event of its removal, so that it gets all earlier changes. */
  tables: { name: string; state: 'removed' | 'leaving'; note?: string }[];
  sequences: string[];
}

/**
 * Removes tables from a queue, one by one (lib/capture/table-locks.ts). The root comes first: after that nothing new is captured, and an
 * event announces the removal. A leaf drops a table from the queue when its replay reaches that event: it then has every change that was
 * made before. With `now`, a leaf drops it at once. Rows stay on both sides. Indexes and constraints that a copy had dropped on a leaf are
 * restored.
 *
 * A leaf knows a table's name until that event arrives. Until then, add-table must not add the table again, because the event would remove
 * it.
 */
export async function removeTables(
  context: UnitContext,
  input: RemoveTableInput,
): Promise<RemoveTableResult> {
  const { queue, node: root } = context;
  const leaves = nodesOf(context.config, queue, isSubscriber);
  return withNodes(context, [root, ...leaves], async (open) => {
    const members = new Map<string, MemberTable[]>();
    for (const node of [root, ...leaves]) {
      await requireNode(open.of(node), queue);
      members.set(node, await listTables(open.of(node), queue));
    }
    const localOn = (node: string) =>
      (members.get(node) ?? []).filter(({ local }) => local).map(({ name }) => name);
    const left = await listLeftCaptures(open.of(root), queue);
    const known = [...new Set([...[root, ...leaves].flatMap(localOn), ...left])].sort();
    const { wanted, gone } = await withoutGone(open.of(root), known, input);
    const tables = gone.length > 0 && wanted.tables.length === 0 ? [] : matchNames(known, wanted);
    const sequences = await sequencesToRemove(open.of(root), queue, { tables, known });
    const onRoot = new Map([
      ...left.map((name) => [name, false] as const),
      ...localOn(root).map((name) => [name, true] as const),
    ]);
    await context.step(`remove on ${root}`, () =>
      removeFromRoot(open.of(root), context, {
        tables: tables.filter((name) => onRoot.has(name)),
        members: onRoot,
        sequences,
      }),
    );
    const leaving = new Set<string>();
    const notes = new Map(gone.map((name) => [name, ['was not in the queue']]));
    for (const leaf of leaves) {
      const errors = await listSetAside(open.of(leaf), queue);
      const there = localOn(leaf).filter((name) => tables.includes(name));
      // No event announces the removal of a table that the root never had.
      const joining = await listJoining(open.of(leaf), queue);
      // Replay does not process a table that is set aside.
      const atOnce = there.filter(
        (name) => input.now || errors.has(name) || (joining.includes(name) && !onRoot.has(name)),
      );
      for (const name of atOnce.filter((one) => errors.has(one)))
        notes.set(name, [...(notes.get(name) ?? []), `${leaf} lacks changes: ${errors.get(name)}`]);
      await context.step(`remove on ${leaf}`, () =>
        removeFromLeaf(open.of(leaf), context, { tables: atOnce, sequences, forget: joining }),
      );
      for (const name of there) if (!atOnce.includes(name)) leaving.add(name);
      context.wake?.('copy', leaf);
    }
    context.count('tables', tables.length);
    return {
      tables: [...tables, ...gone].map((name) => ({
        name,
        state: leaving.has(name) ? 'leaving' : 'removed',
        ...(notes.has(name) && { note: notes.get(name)?.join('; ') ?? '' }),
      })),
      sequences,
    };
  });
}

/**
 * Separates the tables that the input names and that are in the database but not in the queue (any more). An earlier call has removed them,
 * and this one continues its work.
 */
async function withoutGone(
  root: Client,
  known: readonly string[],
  input: RemoveTableInput,
): Promise<{ wanted: RemoveTableInput; gone: string[] }> {
  const missing = input.tables.filter((given) => matching(known, given).length === 0);
  if (missing.length === 0) return { wanted: input, gone: [] };
  const there = (await listRelations(root))
    .filter(({ kind }) => kind.endsWith('table'))
    .map(({ name }) => name);
  const named = new Map(missing.map((given) => [given, there.filter((name) => isNamed(name, [given]))[0]]));
  return {
    wanted: { ...input, tables: input.tables.filter((given) => named.get(given) === undefined) },
    gone: [...new Set([...named.values()].filter((name) => name !== undefined))],
  };
}

/** Returns the sequences that only the removed tables use. */
async function sequencesToRemove(
  root: Client,
  queue: string,
  of: { tables: string[]; known: string[] },
): Promise<string[]> {
  const remaining = of.known.filter((name) => !of.tables.includes(name));
  const [going, staying, published] = [
    await listTableSequences(root, of.tables),
    await listTableSequences(root, remaining),
    await listSequences(root, queue),
  ];
  const used = new Set(staying.map(({ name }) => name));
  const names = new Set(going.map(({ name }) => name).filter((name) => !used.has(name)));
  return published.map(({ name }) => name).filter((name) => names.has(name));
}

interface Removal {
  tables: string[];
  sequences: string[];
}

/** `members`: true for tables that are still in the queue; false for tables that have left it and still have parts of their capture. */
async function removeFromRoot(
  client: Client,
  context: UnitContext,
  removal: Removal & { members: ReadonlyMap<string, boolean> },
): Promise<void> {
  const partitions = await listPartitions(client, removal.tables);
  await tableByTable(client, removal.tables, stepsOf(context, client), (table) =>
    removeRootTable(client, context.queue, {
      table,
      partitions: partitions.get(table) ?? [],
      member: removal.members.get(table) === true,
    }),
  );
  await removeSequences(client, context, removal);
}

/** `forget`: the names that no event of the root will remove. */
async function removeFromLeaf(
  client: Client,
  context: UnitContext,
  removal: Removal & { forget: readonly string[] },
): Promise<void> {
  const { queue } = context;
  if (removal.tables.length === 0) return;
  await tableByTable(client, removal.tables, stepsOf(context, client), (table) =>
    briefly(client, async () => {
      await abandonCopy(client, queue, table);
      await removeLocalTable(client, queue, table);
      if (removal.forget.includes(table))
        await client.query('select londiste.global_remove_table($1, $2)', [queue, table]);
    }),
  );
  await removeSequences(client, context, removal);
}

/** Sequences that columns own have been removed with their tables. */
async function removeSequences(
  client: Client,
  { queue }: UnitContext,
  { sequences }: Removal,
): Promise<void> {
  await client.transaction({}, async () => {
    for (const { name, local } of await listSequences(client, queue))
      if (local && sequences.includes(name)) await removeLocalSequence(client, queue, name);
  });
}

function stepsOf({ budget, progress, queue }: UnitContext, { node }: Client): TableSteps {
  return {
    budget,
    doing: 'removed',
    onDone: (tables, totalTables) => progress?.({ queue, node, step: 'remove', tables, totalTables }),
  };
}
