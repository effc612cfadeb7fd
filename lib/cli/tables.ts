import { type AddTableResult, addTable as addTableUnit } from '../units/add-table.ts';
import { removeTable as removeTableUnit } from '../units/remove-table.ts';
import { resync as resyncUnit } from '../units/resync.ts';
import { columns, plural } from './figures.ts';
import type { AddTableOptions, Exclusion, Invocation } from './program.ts';
import { type Session, withSession } from './session.ts';
import { holds, type Verdict } from './verdict.ts';

interface Tables extends Exclusion {
  tables: string[];
  all?: boolean;
}

export function addTable(
  { terminal, global }: Invocation,
  queue: string,
  options: AddTableOptions & Tables,
): Promise<Verdict> {
  return withSession({ terminal, ...global }, async (session) => {
    const { tables, sequences, notes = [] } = await addTables(session, queue, options);
    for (const line of columns(tables.map(({ name, state, note }) => [name, state, note ?? ''])))
      terminal.out(line);
    if (sequences.length > 0)
      terminal.out(`${plural(sequences.length, 'sequence')} follow: ${sequences.join(', ')}`);
    for (const note of notes) terminal.out(`note: ${note}`);
    if (tables.some(({ state }) => state === 'new'))
      terminal.err('their rows are copied by: pgtide run --until synced');
    return holds;
  });
}

export function addTables(
  session: Session,
  queue: string,
  options: AddTableOptions & Tables,
): Promise<AddTableResult> {
  const { tables, all = false, exclude, create = false, default: defaults } = options;
  const { expectSync = false, skipTruncate = false } = options;
  return session.demand('add-table', addTableUnit, {
    queue,
    input: { tables, all, exclude, create, defaults, expectSync, skipTruncate },
  });
}

export function removeTable(
  { terminal, global }: Invocation,
  queue: string,
  wanted: Tables,
): Promise<Verdict> {
  return withSession({ terminal, ...global }, async (session) => {
    const { tables, all = false, exclude } = wanted;
    const input = { tables, all, exclude };
    const removed = await session.demand('remove-table', removeTableUnit, { queue, input });
    for (const { name, state } of removed.tables) terminal.out(`${name}  ${state}`);
    if (removed.sequences.length > 0) terminal.out(`no longer following: ${removed.sequences.join(', ')}`);
    return holds;
  });
}

export function resync({ terminal, global }: Invocation, queue: string, wanted: Tables): Promise<Verdict> {
  return withSession({ terminal, ...global }, async (session) => {
    const { tables, all = false, exclude } = wanted;
    const { nodes } = await session.demand('resync', resyncUnit, { queue, input: { tables, all, exclude } });
    for (const node of nodes)
      for (const { name } of node.tables) terminal.out(`${node.name}: ${name}  to be copied again`);
    terminal.err('their rows are copied by: pgtide run --until synced');
    return holds;
  });
}
