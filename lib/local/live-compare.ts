import { hasState } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import { plural } from '../terminal/figures.ts';
import { type CompareResult, compareWith } from '../units/compare.ts';
import { replay } from '../units/replay.ts';
import { type CommandResult, fails, holds } from './command-result.ts';
import type { Session } from './session.ts';

export type CompareProgress = (table: string, rows: number, totalRows: number) => void;

/** Compares, and replays meanwhile, so that a difference that replay would remove is not taken for one that stays. */
export function compareLive(
  session: Session,
  { queue, tables, exclude }: { queue: string; tables: string[]; exclude?: string[] },
  onProgress?: CompareProgress,
): Promise<CompareResult> {
  const drive = patiently(async (node) => {
    await session.scheduled({ unitName: 'replay', unit: replay, queue, node }).catch(unlessAnotherReplays);
  });
  return session.demand('compare', compareWith({ drive }), {
    queue,
    input: { exclude, ...(tables.length > 0 && { tables }) },
    progress: (event) => {
      if ('rows' in event) onProgress?.(event.table, event.rows, event.totalRows);
    },
  });
}

/** Another run (`pgtide run`, a deployment) advances the leaf in the same way. */
function unlessAnotherReplays(error: unknown): void {
  const isFenced = error instanceof PgtideError && error.kind === 'fenced';
  if (!isFenced && !hasState(error, ANOTHER_RUN_REPLAYS)) throw error;
}

/** Raised by pgtide.begin_replay. */
const ANOTHER_RUN_REPLAYS = 'TD008';
const LONGEST_WAIT_MS = 300_000;

/** Gives up on a leaf that does not reach a tick within some minutes. */
function patiently(step: (node: string) => Promise<void>) {
  const since = new Map<string, number>();
  return async ({ node, tick }: { node: string; tick: bigint }): Promise<void> => {
    const key = `${node} ${tick}`;
    const began = since.get(key) ?? performance.now();
    since.set(key, began);
    if (performance.now() - began > LONGEST_WAIT_MS)
      throw new PgtideError(
        'busy',
        `${node} did not come to tick ${tick} within ${LONGEST_WAIT_MS / 1000} s`,
        {
          remedy: 'look for what holds it: pgtide status',
        },
      );
    await step(node);
  };
}

export function compareVerdict(found: CompareResult, queue: string): CommandResult {
  if (found.equal) return holds;
  const different = found.tables.filter(({ verdict }) => verdict === 'different');
  if (different.length > 0)
    return fails(
      `${plural(found.differences, 'difference')} in ${different.map(({ name }) => name).join(', ')}`,
      `copy again: pgtide resync ${queue} ${different.map(({ name }) => shellWord(name)).join(' ')}`,
    );
  const failed = found.tables.find(({ verdict }) => verdict === 'error');
  if (failed) return fails(`${failed.name} could not be compared: ${failed.error}`, failed.remedy);
  const open = found.tables.filter(({ verdict }) => verdict !== 'equal');
  return fails(
    `not proven equal: ${open.map(({ name, verdict }) => `${name} (${verdict})`).join(', ') || 'there was no table'}`,
    'compare again once these tables are in sync and the leaf follows: pgtide run --until synced',
  );
}
