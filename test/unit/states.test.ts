/** lib/states.ts and the SQL name the same states. */
import { expect, test } from 'vitest';
import { sqlFiles } from '../../lib/install/sql-files.ts';
import {
  chunkStates,
  copyPhases,
  memberChanges,
  positionVerdicts,
  savedKinds,
  unhandledStates,
} from '../../lib/states.ts';

const tables = sqlFiles().get('pgtide/tables.sql') ?? '';

/** The CHECK constraints that list a column's values, by `table.column`. */
function listedValues(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, table = '', body = ''] of tables.matchAll(/^create table pgtide\.(\w+) \(([\s\S]*?)^\);/gm))
    for (const [, column = '', values = ''] of body.matchAll(/check \((\w+) in \(([^)]*)\)\)/g))
      found.set(
        `${table}.${column}`,
        [...values.matchAll(/'([^']*)'/g)].map(([, value = '']) => value),
      );
  return found;
}

test('each column of the tables that lists its values has a type with the same ones', () => {
  expect(Object.fromEntries(listedValues())).toEqual({
    'table_state.phase': [...copyPhases],
    'copy_chunk.state': [...chunkStates],
    'unhandled_event.state': [...unhandledStates],
    'saved_ddl.kind': [...savedKinds],
    'member_change.change': [...memberChanges],
  });
});

test('the comparison of positions has exactly these answers', () => {
  const begin = sqlFiles().get('pgtide/functions/position/pgtide.begin_replay.sql') ?? '';
  const verdicts = [...begin.matchAll(/verdict := '([^']*)'/g)].map(([, verdict = '']) => verdict);
  expect([...new Set(verdicts)].sort()).toEqual([...positionVerdicts].sort());
});
