import { type CommandResult, holds } from '../local/command-result.ts';
import { type Session, withSession } from '../local/session.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { install } from '../units/install.ts';
import type { Invocation } from './invocation.ts';

export function init({ terminal, global }: Invocation, queue: string | undefined): Promise<CommandResult> {
  return withSession({ terminal, ...global }, async (session) => {
    for (const name of session.queues(queue)) await initQueue(session, name, terminal);
    return holds;
  });
}

export async function initQueue(session: Session, queue: string, terminal: Terminal): Promise<void> {
  const { nodes } = await session.demand('install', install, { queue, input: {} });
  for (const node of nodes) {
    terminal.out(`${queue}: ${node.name} (${node.type}): ${node.done.join('; ') || 'nothing to do'}`);
    if (node.note) terminal.out(`note: ${node.note}`);
  }
}
