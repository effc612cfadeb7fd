import { type CommandResult, holds } from '../local/command-result.ts';
import { type Session, withSession } from '../local/session.ts';
import { columns, plural } from '../terminal/figures.ts';
import type { ProgressEvent } from '../unit-context/context.ts';
import { type AddTableResult, addTable as addTableUnit } from '../units/add-table.ts';
import { removeTable as removeTableUnit } from '../units/remove-table.ts';
import { resync as resyncUnit } from '../units/resync.ts';
import type { AddTableOptions, Exclusion, RemoveTableOptions } from './command-options.ts';
import type { Invocation } from './invocation.ts';
import { openTableCount } from './table-count.ts';

interface Tables extends Exclusion {
  tables: string[];
  all?: boolean;
}

export function addTable(
  { terminal, global }: Invocation,
  queue: string,
  options: AddTableOptions & Tables,
): Promise<CommandResult> {
  return withSession({ terminal, ...global }, async (session) => {
    const counting = openTableCount(terminal);
    const {
      tables,
      sequences,
      notes = [],
    } = await addTables(session, queue, options, counting.show).finally(counting.close);
    for (const line of columns(tables.map(({ name, state, note }) => [name, state, note ?? ''])))
      terminal.out(line);
    for (const line of sequenceLines(sequences, ['follows', 'follow'])) terminal.out(line);
    for (const note of notes) terminal.out(`note: ${note}`);
    if (tables.some(({ state }) => state === 'new'))
      terminal.err('their rows are copied by: pgtide run --until synced');
    return holds;
  });
}

function addTables(
  session: Session,
  queue: string,
  options: AddTableOptions & Tables,
  progress?: (event: ProgressEvent) => void,
): Promise<AddTableResult> {
  const { tables, all = false, exclude, create = false, default: defaults } = options;
  const { expectSync = false, skipTruncate = false } = options;
  return session.demand('add-table', addTableUnit, {
    queue,
    ...(progress ? { progress } : {}),
    input: { tables, all, exclude, create, defaults, expectSync, skipTruncate },
  });
}

export function removeTable(
  { terminal, global }: Invocation,
  queue: string,
  wanted: RemoveTableOptions & Tables,
): Promise<CommandResult> {
  return withSession({ terminal, ...global }, async (session) => {
    const { tables, all = false, exclude, now = false } = wanted;
    const counting = openTableCount(terminal);
    const removed = await session
      .demand('remove-table', removeTableUnit, {
        queue,
        input: { tables, all, exclude, now },
        progress: counting.show,
      })
      .finally(counting.close);
    for (const line of columns(removed.tables.map(({ name, state, note }) => [name, state, note ?? ''])))
      terminal.out(line);
    for (const line of sequenceLines(removed.sequences, ['no longer follows', 'no longer follow']))
      terminal.out(line);
    if (removed.tables.some(({ state }) => state === 'leaving'))
      terminal.err('they leave the leaves when replay reaches their removal: pgtide run --until idle');
    return holds;
  });
}

/** Most names in a line. */
const MAX_NAMES = 10;

function sequenceLines(names: readonly string[], [one, several]: readonly [string, string]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_NAMES).join(', ');
  const more = names.length > MAX_NAMES ? `, and ${names.length - MAX_NAMES} more` : '';
  return [`${plural(names.length, 'sequence')} ${names.length === 1 ? one : several}: ${shown}${more}`];
}

export function resync(
  { terminal, global }: Invocation,
  queue: string,
  wanted: Tables,
): Promise<CommandResult> {
  return withSession({ terminal, ...global }, async (session) => {
    const { tables, all = false, exclude } = wanted;
    const { nodes } = await session.demand('resync', resyncUnit, { queue, input: { tables, all, exclude } });
    for (const node of nodes)
      for (const { name } of node.tables) terminal.out(`${node.name}: ${name}  to be copied again`);
    terminal.err('their rows are copied by: pgtide run --until synced');
    return holds;
  });
}
