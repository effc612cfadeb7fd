/** Our side: a root and a leaf over two databases. */
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import { install } from '../../lib/units/install.ts';
import type { BenchDatabase } from './database.ts';
import { configOf, PgtideRunner, type Tuning } from './pgtide-runner.ts';

/** Installs both nodes of a pair. */
export async function createPgtidePair(
  root: BenchDatabase,
  leaf: BenchDatabase,
  tuning: Tuning = {},
): Promise<PgtideRunner> {
  const runner = new PgtideRunner(configOf(root, leaf, tuning));
  await runner.demand('install', install, {});
  return runner;
}

export async function addTables(
  runner: PgtideRunner,
  tables: string[],
  more: Partial<AddTableInput> = {},
): Promise<void> {
  await runner.demand('add-table', addTable, addTableInput.parse({ tables, ...more }));
}
