import {
  capturePartitions,
  guardTable,
  listPartitions,
  repairCapture,
  setReplicaCapture,
} from '../capture/capture.ts';
import { briefly, type TableSteps, tableByTable } from '../capture/table-locks.ts';
import { queueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { forgetJoining, noteJoining } from '../node/member-change.ts';
import { noteOnRole } from '../node/role-note.ts';
import { createMissingTables } from '../structure/create.ts';
import { requireNode } from '../topology/local-node.ts';
import { isSubscriber, nodesOf } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { withNodes } from '../unit-context/with-nodes.ts';
import { type Addition, type LeafAddition, planAddition } from './addition.ts';
import { resetCopy, setTableAside } from './copy-state.ts';
import { addLocalSequence, listSequences, publishSequence } from './member-sequences.ts';
import {
  addLeafTable,
  addRootTable,
  currentSnapshot,
  listTables,
  type MergeState,
  setInSync,
} from './member-tables.ts';
import { existingSequences } from './owned-sequences.ts';

export interface AddTableInput {
  tables: string[];
  all: boolean;
  exclude?: string[] | undefined;
  /** Creates tables that a leaf lacks. */
  create: boolean;
  /** Defaults for columns of tables that are created: TABLE.COLUMN=EXPRESSION. */
  defaults?: string[] | undefined;
  /** The rows are the same on both sides: nothing is copied. */
  expectSync: boolean;
  /** The copy keeps the rows that a leaf has. */
  skipTruncate: boolean;
}

export interface AddTableResult {
  tables: {
    name: string;
    /** `new`: its copy has not begun. `skipped`: it was not added; the note gives the reason. */
    state: 'new' | 'skipped' | NonNullable<MergeState>;
    note?: string;
  }[];
  sequences: string[];
  /** Notes on what is not wrong but could be improved. */
  notes?: string[];
}

/**
 * Adds tables to a queue on its root and on all leaves. All checks run before anything is changed. Then tables join one by one, each in
 * separate transactions (lib/capture/table-locks.ts), so that their writers do not wait. If a call ends early, completed work stays, and
 * the same call continues from there.
 *
 * The root comes first: a leaf that does not have a table yet skips its events, and its copy begins after the root captures it.
 *
 * With expectSync the leaves come first: nothing is copied, so no event may be skipped. The leaf gets a snapshot that was taken before the
 * root captured anything. The rows contain the events that this snapshot sees, as the user has stated. The snapshot does not see the events
 * that the capture writes. Until the root has a table, the leaf marks it as joining (pgtide.member_change), so that it is not taken for a
 * table that the root has removed.
 */
export async function addTables(context: UnitContext, input: AddTableInput): Promise<AddTableResult> {
  if (input.expectSync && input.skipTruncate)
    throw new PgtideError('input', 'expect-sync and skip-truncate contradict each other', {
      remedy: 'expect-sync copies nothing; skip-truncate copies into a table that holds rows',
    });
  const { captureReplicaWrites } = queueConfig(context.config, context.queue);
  const root = context.node;
  const leaves = nodesOf(context.config, context.queue, isSubscriber);
  return withNodes(context, [root, ...leaves], async (open) => {
    const clients = leaves.map(open.of);
    for (const client of [open.of(root), ...clients]) await requireNode(client, context.queue);
    const { queue } = context;
    const plan = await context.step('check', () =>
      planAddition(open.of(root), clients, { queue, captureReplicaWrites, ...input }),
    );
    const adding = { context, input, plan, root: open.of(root) };
    await setAsideUncaptured(adding);
    for (const leaf of plan.leaves) await context.step('create', () => createTables(adding, leaf));
    await context.step('add', () => join(adding));
    await copyUncaptured(adding);
    for (const leaf of leaves) context.wake?.('copy', leaf);
    context.count('tables', plan.addOnRoot.length);
    const notes = await notesOnRoles([open.of(root), ...clients]);
    return { ...(await report(context, plan)), ...(notes.length > 0 && { notes }) };
  });
}

async function notesOnRoles(clients: Client[]): Promise<string[]> {
  const notes = await Promise.all(clients.map(noteOnRole));
  return notes.filter((note) => note !== undefined);
}

interface Adding {
  context: UnitContext;
  input: AddTableInput;
  plan: Addition;
  root: Client;
}

/** Returns the leaves' copies of tables that were not captured for a while. Empty if the user states that both sides are the same. */
function uncapturedOnLeaves({ input, plan }: Adding): { leaf: Client; table: string }[] {
  if (input.expectSync) return [];
  return plan.leaves.flatMap(({ leaf, states }) =>
    plan.uncaptured.filter((table) => states.has(table)).map((table) => ({ leaf, table })),
  );
}

/**
 * Sets the uncaptured tables aside on the leaves. This happens before the capture is repaired, so that the tables are not taken for
 * consistent if the run ends between the two steps: status reports them until they are copied again.
 */
async function setAsideUncaptured(adding: Adding): Promise<void> {
  const reason = 'changes of it were not captured for a while';
  for (const { leaf, table } of uncapturedOnLeaves(adding))
    await setTableAside(leaf, adding.context.queue, { table, reason });
}

/**
 * Starts the copy of the uncaptured tables again. This happens after the capture is repaired: changes that the new copy does not see are
 * captured.
 */
async function copyUncaptured(adding: Adding): Promise<void> {
  const { queue } = adding.context;
  for (const { leaf, table } of uncapturedOnLeaves(adding))
    await leaf.transaction({}, () => resetCopy(leaf, queue, table));
}

/** On a leaf, only replay and readers use these tables. */
const LEAF_LOCK_TIMEOUT_MS = 5_000;

async function createTables(
  { context, root, plan }: Adding,
  { leaf, create, states }: LeafAddition,
): Promise<void> {
  if (create.length === 0) return;
  const { notes } = await leaf.transaction({ lockTimeoutMs: LEAF_LOCK_TIMEOUT_MS }, async () => {
    // New foreign keys lock the tables that they refer to.
    await leaf.query('select pgtide.lock_structure($1)', [context.queue]);
    return createMissingTables(root, leaf, create, {
      defaults: plan.defaults,
      members: [...states.keys()],
      onTable: (tables, totalTables) =>
        context.progress?.({ queue: context.queue, node: leaf.node, step: 'create', tables, totalTables }),
    });
  });
  for (const { table, text } of notes) plan.notes.get(table)?.push(text);
}

async function join(adding: Adding): Promise<void> {
  const { plan, input, root } = adding;
  const snapshot = await currentSnapshot(root);
  if (!input.expectSync) await joinOnRoot(adding);
  for (const leaf of plan.leaves) await joinOnLeaf(adding, leaf, snapshot);
  if (input.expectSync) await joinOnRoot(adding);
  for (const { leaf } of plan.leaves) await forgetJoining(leaf, adding.context.queue, plan.tables);
  for (const leaf of plan.leaves) await joinSequences(adding, leaf);
}

/** Adds tables to the root. Sequences come first: their values are published in the same transaction, and need no lock on the table. */
async function joinOnRoot(adding: Adding): Promise<void> {
  const { context, plan, root } = adding;
  const { config, queue } = context;
  await setReplicaCapture(root, queue, queueConfig(config, queue));
  const add = new Set(plan.addOnRoot);
  const repair = new Set(plan.uncaptured);
  const unpublished = new Set(plan.sequencesOnRoot);
  const sequences = new Map<string, string[]>();
  for (const { table, name } of plan.sequences)
    if (unpublished.has(name)) sequences.set(table, [...(sequences.get(table) ?? []), name]);
  const tables = new Set([...add, ...repair, ...sequences.keys()]);
  const partitioned = await listPartitions(root, plan.addOnRoot);
  await tableByTable(root, [...tables], stepsOf(adding, root), async (table) => {
    if (partitioned.has(table)) {
      const partitions = (await listPartitions(root, [table])).get(table) ?? [];
      await capturePartitions(root, queue, { table, partitions });
    }
    await briefly(root, async () => {
      for (const name of sequences.get(table) ?? []) await addLocalSequence(root, queue, name);
      if (add.has(table)) await addRootTable(root, queue, table);
      else if (repair.has(table)) await repairCapture(root, queue, table);
    });
  });
}

/**
 * Adds tables to a leaf. The guards are created table by table. Then all tables become members at once, so that foreign keys between them
 * find both sides; this step needs no lock on a table.
 */
async function joinOnLeaf(adding: Adding, { leaf, add }: LeafAddition, snapshot: string): Promise<void> {
  const { queue } = adding.context;
  const { expectSync, skipTruncate } = adding.input;
  if (add.length === 0) return;
  await tableByTable(leaf, add, stepsOf(adding, leaf), (table) =>
    briefly(leaf, () => guardTable(leaf, queue, table)),
  );
  await leaf.transaction({ lockTimeoutMs: LEAF_LOCK_TIMEOUT_MS }, async () => {
    for (const table of add) {
      await addLeafTable(leaf, queue, { table, expectSync, skipTruncate });
      if (expectSync) await setInSync(leaf, queue, { table, snapshot });
    }
    if (expectSync)
      await noteJoining(
        leaf,
        queue,
        add.filter((table) => adding.plan.addOnRoot.includes(table)),
      );
  });
}

function stepsOf({ context }: Adding, { node }: Client): TableSteps {
  const { budget, progress, queue } = context;
  return {
    budget,
    doing: 'added',
    onDone: (tables, totalTables) => progress?.({ queue, node, step: 'add', tables, totalTables }),
  };
}

/** Adds sequences to a leaf by name. The result names each sequence that the leaf does not have. */
async function joinSequences({ context, plan, root }: Adding, addition: LeafAddition): Promise<void> {
  const { leaf, sequences } = addition;
  const here = await existingSequences(leaf, sequences);
  const published = (await listSequences(root, context.queue)).filter(({ name }) => here.has(name));
  await leaf.transaction({}, async () => {
    for (const sequence of published) {
      await publishSequence(leaf, context.queue, sequence);
      await addLocalSequence(leaf, context.queue, sequence.name);
    }
  });
  for (const { table, name } of plan.sequences)
    if (sequences.includes(name) && !here.has(name))
      plan.notes.get(table)?.push(`${leaf.node} has no sequence ${name}, so it does not follow`);
}

async function report({ queue }: UnitContext, plan: Addition): Promise<AddTableResult> {
  const states = await Promise.all(
    plan.leaves.map(
      async ({ leaf }) => new Map((await listTables(leaf, queue)).map((t) => [t.name, t.mergeState])),
    ),
  );
  const tables = plan.tables.map((name) => {
    const unfinished = states.map((of) => of.get(name) ?? null).find((state) => state !== 'ok');
    const state: AddTableResult['tables'][number]['state'] =
      unfinished === undefined ? 'ok' : (unfinished ?? 'new');
    const notes = [...(plan.notes.get(name) ?? [])];
    if (isThere(plan, name)) notes.unshift('was in the queue already');
    return { name, state, ...(notes.length > 0 && { note: notes.join('; ') }) };
  });
  const skipped = [...plan.skipped].map(([name, note]) => ({ name, state: 'skipped' as const, note }));
  return { tables: [...tables, ...skipped], sequences: [...new Set(plan.sequences.map(({ name }) => name))] };
}

function isThere(plan: Addition, table: string): boolean {
  return !plan.addOnRoot.includes(table) && plan.leaves.every(({ add }) => !add.includes(table));
}
