/** Common parts of the commands `pgtide queue …`: one connection to the node that has the queue, and the output. */
import { configPath, loadConfig, nodeConfig } from '../../config/config.ts';
import type { Client } from '../../db/client.ts';
import { PgtideError } from '../../errors.ts';
import { type CommandResult, holds } from '../../local/command-result.ts';
import { hasQueues } from '../../pgq/queue.ts';
import { shownMessage } from '../../redact.ts';
import { withNode } from '../../secrets/connection-target.ts';
import { createSecretReader } from '../../secrets/secret-reader.ts';
import { nodeOfQueue } from '../../topology/tree.ts';
import type { Invocation } from '../invocation.ts';

export interface QueueOptions {
  node?: string;
  json?: boolean;
}

/**
 * Returns the nodes that a command is for: that of the queue, or, if none is named, every node of the configuration.
 */
export function nodesOf(
  { global }: Invocation,
  queue: string | undefined,
  { node }: QueueOptions,
): readonly string[] {
  const config = loadConfig(configPath(global.config));
  if (queue === undefined && node === undefined) return Object.keys(config.nodes);
  return [nodeOfQueue(config, queue ?? '', node)];
}

/** Opens a connection to the node of the queue. */
export function onQueue<T>(
  invocation: Invocation,
  queue: string,
  options: QueueOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const [node = ''] = nodesOf(invocation, queue, options);
  return onNode(invocation, node, async (client) => {
    await requireQueues(client);
    return work(client);
  });
}

export function onNode<T>(
  { global, terminal }: Invocation,
  node: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const config = loadConfig(configPath(global.config));
  const onServerText = config.errors.showValues
    ? (text: string) => terminal.err(`server: ${shownMessage(text)}`)
    : undefined;
  const connector = { secrets: createSecretReader(), applicationName: 'pgtide queue', onServerText };
  return withNode(node, nodeConfig(config, node), connector, work);
}

export async function requireQueues(client: Client): Promise<void> {
  if (await hasQueues(client)) return;
  throw new PgtideError('state', `${client.node}: this database has no queues: there is no schema pgq`, {
    remedy: `run: pgtide queue install --node ${client.node}`,
  });
}

/** Writes the result as one JSON document, or as lines for people. */
export function tell(
  { terminal }: Invocation,
  { json }: QueueOptions,
  result: unknown,
  lines: readonly string[],
): CommandResult {
  if (json) terminal.out(asJson(result));
  else for (const line of lines) terminal.out(line);
  return holds;
}

/** Writes ids as numbers, or as text if a number would lose digits. */
function asJson(result: unknown): string {
  return JSON.stringify(result, (_key, value: unknown) => {
    if (typeof value !== 'bigint') return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  });
}

const WIDEST = 60;

/** Returns a text on one line, truncated if it is long. */
export function shown(text: string | null): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ');
  return line.length > WIDEST ? `${line.slice(0, WIDEST - 1)}…` : line;
}

export function megabytes(bytes: bigint | number): string {
  return `${(Number(bytes) / 2 ** 20).toFixed(1)} MB`;
}
