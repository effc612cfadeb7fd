import { type CommandResult, fails, holds } from '../local/command-result.ts';
import { readStatus } from '../local/read-status.ts';
import { withSession } from '../local/session.ts';
import { isError, type ProblemCode } from '../status/found-problem.ts';
import { columns, count, duration, plural, waiting } from '../terminal/figures.ts';
import type { NodeStatus, QueueStatus, StatusResult, TableStatus } from '../units/status.ts';
import type { Invocation } from './invocation.ts';

export function status(
  { terminal, global }: Invocation,
  only: string | undefined,
  options: { json?: boolean },
): Promise<CommandResult> {
  return withSession({ terminal, ...global }, async (session) => {
    const found = await readStatus(session, session.queues(only));
    if (options.json) terminal.out(JSON.stringify(found));
    else for (const line of statusLines(found)) terminal.out(line);
    return verdictOf(found);
  });
}

function verdictOf({ healthy, queues }: StatusResult): CommandResult {
  if (healthy) return holds;
  const problems = queues.flatMap((queue) => queue.nodes.flatMap((node) => node.problems)).filter(isError);
  const [first] = problems;
  if (!first) return fails('unhealthy');
  const others = problems.length > 1 ? ` (and ${plural(problems.length - 1, 'other problem')})` : '';
  return fails(`unhealthy: ${first.message}${others}`, first.remedy);
}

/** Returns a small tree for each queue, the problems with what to do, and `healthy` or `unhealthy`. */
export function statusLines(found: StatusResult): string[] {
  return [...found.queues.flatMap(queueLines), found.healthy ? 'healthy' : 'unhealthy'];
}

function queueLines(queue: QueueStatus): string[] {
  const { lagSeconds } = queue.ticker;
  const never = queue.events.pending === null ? 'ticks unknown' : 'never ticked';
  const ticked = lagSeconds === null ? never : `last tick ${duration(lagSeconds)} ago`;
  return [
    `${queue.name}: ${ticked}, ${waiting(queue.events.pending)}`,
    ...queue.nodes.flatMap((node, index) => nodeLines(node, index === queue.nodes.length - 1)),
  ];
}

/** Problems after which nothing more is known of the node. */
const UNREAD = new Set<ProblemCode>(['node-unreachable', 'login-refused', 'node-missing', 'status-failed']);

function nodeLines(node: NodeStatus, last: boolean): string[] {
  const below = last ? '   ' : '│  ';
  const lines = [`${last ? '└─' : '├─'} ${node.name} (${node.type}): ${positionOf(node)}`];
  const open = node.tables.filter((table) => table.state !== 'ok' || table.error !== null);
  lines.push(...columns(open.map(tableCells)).map((line) => `${below}   ${line}`));
  for (const problem of node.problems) {
    const { message, remedy } = problem;
    lines.push(`${below}   ${isError(problem) ? 'problem' : 'note'}: ${message}`);
    if (remedy) lines.push(`${below}     fix: ${remedy}`);
  }
  return lines;
}

function positionOf(node: NodeStatus): string {
  if (node.tick === null && node.problems.some(({ code }) => UNREAD.has(code))) return 'not read';
  const ok = node.tables.filter((table) => table.state === 'ok' && table.error === null).length;
  const parts = [node.tick === null ? 'no tick' : `tick ${node.tick}`];
  if (node.type !== 'root') {
    parts.unshift(node.lagSeconds === null ? 'lag unknown' : `lag ${duration(node.lagSeconds)}`);
    parts.push(
      ok === node.tables.length
        ? `${plural(ok, 'table')} ok`
        : `${ok} of ${plural(node.tables.length, 'table')} ok`,
    );
  } else {
    parts.push(plural(node.tables.length, 'table'));
  }
  return parts.join(', ');
}

function tableCells(table: TableStatus): string[] {
  if (table.error !== null) return [table.name, 'error', table.error];
  const estimate = table.totalRowsEstimate;
  const rows = estimate
    ? `${count(table.copiedRows)} of about ${count(estimate)} rows`
    : `${count(table.copiedRows)} rows`;
  return [table.name, table.state, rows];
}
