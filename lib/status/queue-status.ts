import { queueConfig } from '../config/config.ts';
import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { type ErrorKind, PgtideError, usualRemedy } from '../errors.ts';
import { requireNode } from '../topology/local-node.ts';
import { isRoot, type Place, placesOf, rootOf } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { ClockComparison } from './clocks.ts';
import { failingRunProblems } from './failing-runs.ts';
import type { Problem, ProblemCode } from './found-problem.ts';
import { type LeafStatus, readLeaf } from './leaf-status.ts';
import { type RootStatus, readRoot } from './root-status.ts';
import type { NodeStatus, QueueStatus } from './shape.ts';

/** Reads the state of a queue on all of its nodes. An unreachable node is a problem of that node; the other nodes are shown. */
export async function readQueue(context: UnitContext, queue: string): Promise<QueueStatus> {
  const places = placesOf(context.config, queue);
  const clocks = new ClockComparison(context.clock, {
    skewSeconds: context.config.lease.skewSeconds,
    nodes: places.map(({ node }) => node),
  });
  const { root, leaves } = await readNodes(context, queue, clocks);
  const info = root.value?.info;
  const clockProblems = clocks.problems();
  const runs = await readFailingRuns(context, queue, root.value?.consumers ?? []);
  const withAll = (node: NodeStatus) => ({
    ...node,
    problems: [...node.problems, ...(clockProblems.get(node.name) ?? []), ...runs(node.name)],
  });
  const pending = leaves.map(({ value }) => value?.pendingEvents ?? 0n);
  return {
    name: queue,
    ticker: { lagSeconds: atLeast0(info?.tickerLagSeconds) },
    events: { pending: root.value ? Math.max(...[info?.newEvents ?? 0n, ...pending].map(Number)) : null },
    nodes: [
      root.value?.node ?? unreadNode(places[0], root.problems),
      ...leaves.map(({ place, value, problems }) => value?.node ?? unreadNode(place, problems)),
    ].map(withAll),
  };
}

interface Nodes {
  root: Attempt<RootStatus>;
  leaves: PlacedLeaf[];
}

/**
 * Reads the root while its leaves are compared with it on another connection. The root may accept only one of the two connections;
 * then the other connection's work is done afterwards. If the leaves cannot be compared, that is a problem of the root.
 */
async function readNodes(context: UnitContext, queue: string, clocks: ClockComparison): Promise<Nodes> {
  const [{ node }, ...others] = placesOf(context.config, queue);
  const readTheRoot = () =>
    attempt(context, node, async (client) => {
      await clocks.note(client);
      return readRoot(client, queue);
    });
  const readLeaves = async (root: Client | undefined) => {
    const read: PlacedLeaf[] = [];
    for (const place of others) {
      const leaf = await attempt(context, place.node, async (client) => {
        await clocks.note(client);
        return readLeaf(client, { queue, config: queueConfig(context.config, queue), root });
      });
      read.push({ place, ...leaf });
    }
    return read;
  };
  const compare = async (client: Client) => {
    await requireNode(client, queue);
    return readLeaves(client);
  };
  const compareLeaves = () => attempt(context, node, compare, `compare with ${node}`);
  let [root, compared] = await both(readTheRoot(), compareLeaves());
  if (root.value && !compared.value) compared = await compareLeaves();
  if (compared.value && !root.value) root = await readTheRoot();
  root.value?.node.problems.push(...compared.problems);
  return { root, leaves: (root.value && compared.value) ?? (await readLeaves(undefined)) };
}

/** The lease table is not a node. Its problems are shown at the root, where all work begins. */
async function readFailingRuns(
  context: UnitContext,
  queue: string,
  consumers: readonly string[],
): Promise<(node: string) => Problem[]> {
  const root = rootOf(context.config, queue);
  try {
    const found = (await context.failingRuns?.(consumers)) ?? [];
    return (node) => failingRunProblems(queue, node, found);
  } catch (error) {
    if (!(error instanceof PgtideError)) throw error;
    const problem: Problem = { ...asProblem(error), code: 'status-failed' };
    return (node) => (node === root ? [problem] : []);
  }
}

/** A value below 0 means that the clock was set back, which is a separate problem (clock-set-back). */
function atLeast0(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.max(0, seconds);
}

/** A value, or the problems that explain why there is none. */
interface Attempt<T> {
  value: T | undefined;
  problems: Problem[];
}

type PlacedLeaf = Attempt<LeafStatus> & { place: Place };

async function attempt<T>(
  context: UnitContext,
  node: string,
  read: (client: Client) => Promise<T>,
  step = `read ${node}`,
): Promise<Attempt<T>> {
  try {
    return { value: await context.step(step, () => context.connect(node, read)), problems: [] };
  } catch (error) {
    if (!(error instanceof PgtideError)) throw error;
    return { value: undefined, problems: [asProblem(error)] };
  }
}

const codeOf: Partial<Record<ErrorKind, ProblemCode>> = {
  connection: 'node-unreachable',
  authentication: 'login-refused',
  'not-found': 'node-missing',
  privilege: 'privilege-missing',
};

function asProblem({ kind, message, remedy }: PgtideError): Problem {
  return {
    code: codeOf[kind] ?? 'status-failed',
    message,
    remedy: remedy ?? usualRemedy[kind],
  };
}

function unreadNode({ node: name, role: type, provider }: Place, problems: Problem[]): NodeStatus {
  const nothing = { lagSeconds: null, tick: null, tables: [], sequences: [] };
  return { name, type, provider: isRoot(type) ? null : provider, ...nothing, problems };
}
