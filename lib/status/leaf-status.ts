import type { QueueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { subscriberPrivileges } from '../membership/inspection.ts';
import { listTables } from '../membership/member-tables.ts';
import { type Lag, measureLag } from '../node/lag.ts';
import { listJoining, listLeaving } from '../node/member-change.ts';
import { comparePosition, getPosition, type Position } from '../node/position.ts';
import { shellWord } from '../shell-word.ts';
import { requireNode } from '../topology/local-node.ts';
import { driftProblems } from './drift.ts';
import { filledColumnProblems } from './filled-columns.ts';
import type { Problem } from './found-problem.ts';
import { readLeafTables } from './leaf-tables.ts';
import { partitionProblems } from './left-over-partitions.ts';
import { replayProblems } from './replay-state.ts';
import { rightsProblems } from './root-status.ts';
import { readSequences } from './sequences.ts';
import type { NodeStatus } from './shape.ts';

export interface LeafRequest {
  queue: string;
  config: QueueConfig;
  /** Undefined if the root cannot be read; then checks that need both sides are skipped. */
  root: Client | undefined;
}

export interface LeafStatus {
  node: NodeStatus;
  pendingEvents: bigint;
}

/** Reads the state of a leaf: position and lag, tables, sequences, and problems. */
export async function readLeaf(client: Client, request: LeafRequest): Promise<LeafStatus> {
  const { queue, config, root } = request;
  const local = await requireNode(client, queue);
  const overwrites = config.onConflict === 'overwrite';
  const { maxLagSeconds } = config;
  const { tables, problems } = await readLeafTables(client, queue, { overwrites, maxLagSeconds });
  const names = tables.map(({ name }) => name);
  problems.push(...(await rightsProblems(client, names, subscriberPrivileges)));
  problems.push(...(await replayProblems(client, queue, local.workerName)));
  const position = await getPosition(client, queue, local.workerName);
  let lag: Lag | undefined;
  if (root && position) {
    lag = await measureLag(root, queue, position.tick);
    problems.push(
      ...(await positionProblems({ client, root, queue, worker: local.workerName, position, lag })),
    );
    if (!problems.some(({ code }) => code === 'replay-timeout'))
      problems.push(...staleProblems(client.node, lag, maxLagSeconds));
    problems.push(...(await driftProblems(root, client, { queue, names })));
    problems.push(...(await filledColumnProblems(root, client, queue)));
    problems.push(...(await partitionProblems(root, client, { queue, names })));
    problems.push(...(await membershipProblems(root, client, { queue, names })));
  }
  const sequences = await readSequences(client, queue, root);
  return {
    pendingEvents: lag?.pendingEvents ?? 0n,
    node: {
      name: client.node,
      type: local.type,
      provider: local.provider,
      lagSeconds: lag?.seconds ?? null,
      tick: position ? Number(position.tick) : null,
      tables,
      sequences: sequences.sequences,
      problems: [...problems, ...sequences.problems],
    },
  };
}

interface Placed {
  client: Client;
  root: Client;
  queue: string;
  worker: string;
  position: Position;
  lag: Lag;
}

/** The provider's position of the leaf must be the start of the leaf's next batch, or the end of a batch that it has applied. */
async function positionProblems({ client, root, queue, worker, position, lag }: Placed): Promise<Problem[]> {
  const standing = await comparePosition(root, { queue, consumer: worker, tick: position.tick });
  if (standing.verdict === 'unknown-consumer')
    return [
      {
        code: 'subscription-missing',
        message: `${root.node} does not know the consumer ${worker} (any more), and keeps no events for ${client.node}`,
        remedy: `pgtide resync ${queue} --all registers it and copies the tables again`,
      },
    ];
  if (standing.verdict !== 'lost' && lag.known) return [];
  // Replay has moved the position meanwhile, so the values that were read are not consistent.
  if ((await getPosition(client, queue, worker))?.tick !== position.tick) return [];
  return [
    {
      code: 'position-lost',
      message: `${client.node} is at tick ${position.tick}, but ${root.node} has it at ${standing.providerTick}: one of them was restored from a backup, or moved by hand`,
      remedy: `pgtide resync ${queue} --all copies the tables again, from where ${root.node} is`,
    },
  ];
}

function staleProblems(node: string, lag: Lag, maxLagSeconds: number): Problem[] {
  if (lag.seconds === null || lag.seconds <= maxLagSeconds || lag.pendingEvents === 0n) return [];
  return [
    {
      code: 'replay-stale',
      message: `${node} is ${Math.round(lag.seconds)} s behind, with up to ${lag.pendingEvents} events to apply`,
      remedy:
        'check that the schedules of tick and replay are on, and what their last runs logged; locally: pgtide run',
    },
  ];
}

/** Reports tables that only one of the two sides has. */
async function membershipProblems(
  root: Client,
  leaf: Client,
  { queue, names }: { queue: string; names: readonly string[] },
): Promise<Problem[]> {
  const onRoot = (await listTables(root, queue)).filter(({ local }) => local).map(({ name }) => name);
  const [offered, followed] = [new Set(onRoot), new Set(names)];
  const errors = new Map((await listLeaving(leaf, queue)).map(({ name, error }) => [name, `: ${error}`]));
  const joining = await listJoining(leaf, queue);
  return [
    ...onRoot
      .filter((name) => !followed.has(name))
      .map((name) => ({
        code: 'table-not-added' as const,
        message: `${leaf.node} does not follow ${name}, which ${root.node} offers`,
        remedy: `pgtide add-table ${queue} ${shellWord(name)}`,
      })),
    ...joining
      .filter((name) => !offered.has(name))
      .map((name) => ({
        code: 'table-not-added' as const,
        message: `${leaf.node} has ${name}, and ${root.node} does not offer it yet: its changes are not captured`,
        remedy: `unless add-table is running, call it again; or take the table back: pgtide remove-table ${queue} ${shellWord(name)}`,
      })),
    ...names
      .filter((name) => !offered.has(name) && !joining.includes(name))
      .map((name) => ({
        code: 'table-leaving' as const,
        message: `${leaf.node} still has ${name}, which ${root.node} does not offer any more${errors.get(name) ?? ''}`,
        remedy: `it leaves when replay comes to its removal; at once: pgtide remove-table ${queue} ${shellWord(name)} --now`,
      })),
  ];
}
