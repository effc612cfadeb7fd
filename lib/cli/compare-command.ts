import type { CommandResult } from '../local/command-result.ts';
import { compareLive, compareVerdict } from '../local/live-compare.ts';
import { withSession } from '../local/session.ts';
import { CopyProgress } from '../terminal/copy-progress.ts';
import { openDisplay } from '../terminal/display.ts';
import { columns, plural } from '../terminal/figures.ts';
import type { CompareResult } from '../units/compare.ts';
import type { Exclusion } from './command-options.ts';
import type { Invocation } from './invocation.ts';

interface Wanted extends Exclusion {
  tables: string[];
  json?: boolean;
}

export function compare(
  { terminal, global }: Invocation,
  queue: string,
  wanted: Wanted,
): Promise<CommandResult> {
  return withSession({ terminal, ...global }, async (session) => {
    const display = openDisplay(terminal, 'comparing');
    const speed = new CopyProgress();
    const found = await compareLive(session, { ...wanted, queue }, (table, rows, totalRows) => {
      speed.note(table, rows, totalRows, performance.now());
      display.show([speed.of(table)], '');
    }).finally(() => display.close());
    if (wanted.json) terminal.out(JSON.stringify(found));
    else for (const line of compareLines(found)) terminal.out(line);
    return compareVerdict(found, queue);
  });
}

export function compareLines({ differences, tables }: CompareResult): string[] {
  const leaves = new Set(tables.map(({ node }) => node));
  const rows = tables.map((table) => [
    ...(leaves.size > 1 ? [table.node] : []),
    table.name,
    table.providerRows,
    table.subscriberRows,
    table.differences,
    table.verdict,
  ]);
  const heading = [
    ...(leaves.size > 1 ? ['leaf'] : []),
    'table',
    'provider rows',
    'subscriber rows',
    'differences',
    'verdict',
  ];
  const samples = tables.flatMap(({ name, sample }) =>
    (sample ?? []).map(
      ({ kind, key, rows }) => `  ${name}: ${kind} ${key ? JSON.stringify(key) : plural(rows ?? 1, 'row')}`,
    ),
  );
  const total = `${plural(tables.length, 'table')}, ${plural(differences, 'difference')}`;
  return [...columns([heading, ...rows]), ...samples, total];
}
