/** Plans the addition of tables to a queue, and finds all blockers, before a table or the queue is changed. */
import { listFedTables, listUncaptured } from '../capture/capture.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { isNamed } from '../name-pattern.ts';
import { tableReader } from '../node/table-reader.ts';
import { type Obstacle, refuse } from '../obstacle.ts';
import { compareDefinitions } from '../structure/comparison.ts';
import { type GivenDefaults, resolveDefaults } from '../structure/given-defaults.ts';
import { type ForeignTable, grantMembership, hasRowsForOwner, listForeignTables } from './foreign-owners.ts';
import {
  hasRows,
  type Inspection,
  inspectTables,
  listKeyless,
  obstaclesOf,
  providerPrivileges,
  skipReason,
  subscriberPrivileges,
} from './inspection.ts';
import { listSequences } from './member-sequences.ts';
import { listTables, type MergeState } from './member-tables.ts';
import { listTableSequences, sequenceObstacles, type TableSequence } from './owned-sequences.ts';
import { listRelations, matchTables } from './relations.ts';
import { unfinishedRemovals } from './unfinished-removals.ts';

export interface AdditionInput {
  queue: string;
  tables: readonly string[];
  all: boolean;
  exclude?: readonly string[] | undefined;
  create: boolean;
  defaults?: readonly string[] | undefined;
  expectSync: boolean;
  skipTruncate: boolean;
  captureReplicaWrites: boolean;
}

export interface LeafAddition {
  leaf: Client;
  /** Tables that are not yet part of the queue on the leaf. */
  add: string[];
  /** Those of `add` that do not exist on the leaf and are to be created. */
  create: string[];
  /** States of the tables that are already part of the queue on the leaf. */
  states: Map<string, MergeState>;
  sequences: string[];
}

export interface Addition {
  /** All tables that the input selects, in order. */
  tables: string[];
  /** Tables that are not yet captured on the root. */
  addOnRoot: string[];
  /** Tables that were captured before and are not captured now: the changes made meanwhile are unknown. */
  uncaptured: string[];
  /** All sequences that supply the values of the tables' columns. */
  sequences: TableSequence[];
  sequencesOnRoot: string[];
  leaves: LeafAddition[];
  defaults: GivenDefaults;
  notes: Map<string, string[]>;
  /** Tables that `all` or a pattern selects and that are skipped, with the reason. */
  skipped: Map<string, string>;
}

export async function planAddition(root: Client, leaves: Client[], input: AdditionInput): Promise<Addition> {
  const meant = matchTables(root.node, await listRelations(root), input).map(({ name }) => name);
  const inspected = await inspectTables(root, meant, providerPrivileges);
  const skipped = leftOut(inspected, input);
  const wanted = inspected.filter(({ name }) => !skipped.has(name));
  const tables = wanted.map(({ name }) => name);
  const there = new Set(
    (await listTables(root, input.queue)).filter(({ local }) => local).map(({ name }) => name),
  );
  const sequences = await listTableSequences(root, tables);
  const names = [...new Set(sequences.map(({ name }) => name))];
  const published = new Set(
    (await listSequences(root, input.queue)).filter(({ local }) => local).map(({ name }) => name),
  );
  const obstacles = [
    ...wanted.flatMap((table) => obstaclesOf(root.node, table)),
    ...(await sequenceObstacles(root, names, 'SELECT')),
  ];
  const addOnRoot = tables.filter((name) => !there.has(name));
  const uncaptured = (await listUncaptured(root, input.queue)).filter((name) => tables.includes(name));
  const sequencesOnRoot = names.filter((name) => !published.has(name));
  const keyless = await listKeyless(root, tables);
  const notes = new Map<string, string[]>(tables.map((name) => [name, keyless.has(name) ? [NO_KEY] : []]));
  const onLeaves: LeafAddition[] = [];
  for (const leaf of leaves) {
    const planned = await planLeaf(root, leaf, { input, tables, sequences: names });
    const fresh = [...addOnRoot, ...sequencesOnRoot];
    obstacles.push(...(await unfinishedRemovals(root, leaf, { queue: input.queue, names: fresh })));
    obstacles.push(...planned.obstacles);
    for (const { table, text } of planned.notes) notes.get(table)?.push(text);
    onLeaves.push(planned.addition);
  }
  refuse('the tables cannot be added', obstacles);
  const made = onLeaves.flatMap(({ create }) => (input.create ? create : []));
  const defaults = await resolveDefaults(root, input.defaults ?? [], [...new Set(made)]);
  refuse('the tables cannot be added', await readerObstacles(root, tables));
  for (const name of uncaptured)
    notes
      .get(name)
      ?.push(
        input.expectSync
          ? 'was not captured for a while, and is now'
          : 'was not captured for a while, and is copied again',
      );
  if (!input.captureReplicaWrites)
    for (const [name, by] of await listFedTables(root, tables))
      notes
        .get(name)
        ?.push(
          `what the subscription ${by} writes to it is not captured, unless captureReplicaWrites is set`,
        );
  return {
    tables,
    addOnRoot,
    uncaptured,
    sequences,
    sequencesOnRoot,
    leaves: onLeaves,
    defaults,
    notes,
    skipped,
  };
}

/**
 * Returns the tables that cannot be replicated, with the reason. Such a table does not block the other tables, unless the input names it
 * exactly.
 */
function leftOut(inspected: readonly Inspection[], { tables }: AdditionInput): Map<string, string> {
  const skipped = new Map<string, string>();
  for (const table of inspected) {
    const reason = isNamed(table.name, tables) ? undefined : skipReason(table);
    if (reason !== undefined) skipped.set(table.name, reason);
  }
  return skipped;
}

/** Creates the functions through which copy and compare read tables of other roles, and returns the obstacles. */
async function readerObstacles(root: Client, tables: readonly string[]): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  for (const { name } of await listForeignTables(root, tables))
    try {
      await tableReader(root, name);
    } catch (error) {
      if (!(error instanceof PgtideError) || error.kind !== 'schema') throw error;
      obstacles.push({ kind: error.kind, text: error.message, remedy: error.remedy });
    }
  return obstacles;
}

const NO_KEY =
  'no key: updates and deletes carry the whole old row, and change exactly one row that equals it';

interface LeafPlan {
  addition: LeafAddition;
  notes: { table: string; text: string }[];
  obstacles: Obstacle[];
}

interface LeafWanted {
  input: AdditionInput;
  tables: string[];
  sequences: string[];
}

async function planLeaf(root: Client, leaf: Client, wanted: LeafWanted): Promise<LeafPlan> {
  const { input, tables } = wanted;
  const members = await listTables(leaf, input.queue);
  const states = new Map(
    members.filter(({ local }) => local).map(({ name, mergeState }) => [name, mergeState] as const),
  );
  const add = tables.filter((name) => !states.has(name));
  const inspected = await inspectTables(leaf, add, subscriberPrivileges);
  const found = new Set(inspected.map(({ name }) => name));
  const create = add.filter((name) => !found.has(name));
  const plan: LeafPlan = {
    addition: { leaf, add, create, states, sequences: [] },
    notes: [],
    obstacles: inspected.flatMap((table) => obstaclesOf(leaf.node, table)),
  };
  if (!input.create) plan.obstacles.push(...create.map((name) => missing(root, leaf, name)));
  else if (input.expectSync) plan.obstacles.push(...(await emptyCopies(root, leaf, create)));
  plan.obstacles.push(...(await structureObstacles(root, leaf, inspected)));
  const foreign = await listForeignTables(leaf, [...found]);
  plan.notes.push(...foreign.map((table) => ({ table: table.name, text: writtenAsOwner(leaf, table) })));
  const closed = new Map(foreign.map((table) => [table.name, ownerObstacles(leaf, table)]));
  plan.obstacles.push(...[...closed.values()].flat());
  for (const table of inspected)
    if (!closed.get(table.name)?.length) plan.obstacles.push(...(await rowObstacles(leaf, table, input)));
  await planSequences(leaf, wanted, plan);
  return plan;
}

function writtenAsOwner(leaf: Client, { owner }: ForeignTable): string {
  return `${leaf.node}: written as its owner ${owner}`;
}

function ownerObstacles(
  leaf: Client,
  { name, owner, role, member, mixed, forced }: ForeignTable,
): Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (!member)
    obstacles.push({
      kind: 'privilege',
      text: `${leaf.node}: ${name} belongs to ${owner}, whose code would run with the rights of the role that replicates`,
      remedy: grantMembership(owner, role),
    });
  if (mixed)
    obstacles.push({
      kind: 'state',
      text: `${leaf.node}: partitions or children of ${name} belong to another role than it does`,
      remedy: 'give them one owner: alter table … owner to …',
    });
  if (forced)
    obstacles.push({
      kind: 'state',
      text: `${leaf.node}: ${name} belongs to ${owner}, and row security is forced upon it`,
      remedy: `alter table ${name} no force row level security`,
    });
  return obstacles;
}

function missing(root: Client, leaf: Client, name: string): Obstacle {
  return {
    kind: 'not-found',
    text: `${leaf.node}: no table ${name}, which ${root.node} has`,
    remedy: 'make it there, or add it with --create',
  };
}

/** A table that is created now is empty, so it is in sync only with an empty table. */
async function emptyCopies(root: Client, leaf: Client, create: readonly string[]): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  for (const table of await inspectTables(root, create, providerPrivileges)) {
    if (table.missing.length > 0 || table.rowSecurity || !table.schemaUsage) continue;
    const reader = await tableReader(root, table.name);
    if (reader && (await root.transaction({ readOnly: true }, () => hasRows(root, reader))))
      obstacles.push({
        kind: 'state',
        text: `${leaf.node}: no table ${table.name}, so it cannot be in sync with ${root.node}'s, which holds rows`,
        remedy: 'add it without --expect-sync; its rows are then copied',
      });
  }
  return obstacles;
}

/** Unlogged tables are skipped: the inspection has reported them. */
async function structureObstacles(root: Client, leaf: Client, there: Inspection[]): Promise<Obstacle[]> {
  const names = there.filter((table) => !table.unlogged).map(({ name }) => name);
  const found = await compareDefinitions(root, leaf, names);
  return found.map(({ message, remedy }) => ({ kind: 'schema', text: `${leaf.node}: ${message}`, remedy }));
}

/**
 * A copy into a table that holds rows would either lose these rows or mix them with the copied ones. Only the user knows which is intended.
 */
async function rowObstacles(leaf: Client, table: Inspection, input: AdditionInput): Promise<Obstacle[]> {
  if (input.expectSync || input.skipTruncate) return [];
  if (table.missing.length > 0 || table.rowSecurity || !table.schemaUsage) return [];
  if (!(await hasRowsForOwner(leaf, table.name))) return [];
  return [
    {
      kind: 'state',
      text: `${leaf.node}: ${table.name} holds rows already`,
      remedy:
        'empty it, or say --expect-sync (it is the same as on the root: nothing is copied) or --skip-truncate (its rows stay, and the copy adds to them)',
    },
  ];
}

async function planSequences(leaf: Client, { input, sequences }: LeafWanted, plan: LeafPlan): Promise<void> {
  const local = new Set(
    (await listSequences(leaf, input.queue)).filter((sequence) => sequence.local).map(({ name }) => name),
  );
  plan.addition.sequences = sequences.filter((name) => !local.has(name));
  plan.obstacles.push(...(await sequenceObstacles(leaf, plan.addition.sequences, 'UPDATE')));
}
