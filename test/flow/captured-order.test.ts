/**
 * The statements of a transaction, their parts and the triggers of others may be captured in any order: the leaf ends
 * equal. No row from before a truncation returns, and every row that is written around it arrives.
 */
import { expect, test } from 'vitest';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { rowsOf } from '../support/oracle.ts';
import { stateOf } from '../support/queue.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import { merges } from './captured-merges.ts';
import { parts } from './captured-parts.ts';
import { merge, type Story, tables } from './captured-stories.ts';

const stories = { ...parts, ...merges };

/** story.table → the statement that creates it. */
const tablesOf = (chosen: [string, Story][]) =>
  new Map(
    chosen.flatMap(([story, { triggers, before, writes }]) =>
      Object.entries(tables)
        .filter(([name]) => new RegExp(`\\b${name}\\b`).test(`${triggers} ${before} ${writes}`))
        .map(([name, sql]) => [`${story}.${name}`, `set search_path = ${story}; ${sql}`] as const),
    ),
  );

const inSchema = (pair: InstalledPair, schema: string, ...statements: string[]) =>
  pair.old.client(async (client) => {
    await client.query(`set search_path = ${schema}`);
    for (const statement of statements) await client.query(statement);
  });

async function contentOf(
  database: InstalledPair['old'],
  names: Iterable<string>,
): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const name of names) content[name] = await rowsOf(database, name);
  return content;
}

/** Runs the stories on the root, each in a schema of its name. The leaf must end with the same rows. */
async function expectEqualAfter(
  versions: { provider: number; subscriber: number },
  all: Record<string, Story>,
) {
  const pair = await installedPair(versions);
  const chosen = Object.entries(all).filter(([, { since = 0 }]) => versions.provider >= since);
  const made = tablesOf(chosen);
  await pair.both([...chosen.map(([story]) => `create schema ${story}`), ...made.values()].join(';'));
  await addTables(pair, [...made.keys()]);
  await followUntilSynced(pair);
  for (const [story, { before, triggers }] of chosen)
    await inSchema(pair, story, `${before ?? 'select'}; ${triggers ?? ''}`);
  await replayAll(pair);
  for (const [story, { writes }] of chosen) await inSchema(pair, story, ...[writes].flat());
  await replayAll(pair);
  expect(await contentOf(pair.new, made.keys())).toEqual(await contentOf(pair.old, made.keys()));
}

test.each([
  [10, 17],
  [18, 14],
])('from %i to %i', (provider, subscriber) => expectEqualAfter({ provider, subscriber }, stories));

test("a MERGE that a rule runs does not appear in the statement's text", () =>
  expectEqualAfter(
    { provider: 18, subscriber: 17 },
    {
      merged_by_a_rule: {
        before: `insert into m values (10, 7), (11, 8), (1, 1); create view w as select 1 as x; create rule r as on update to w
          do instead with y as (${merge('(13, 2), (10, 5)')} returning t.id) insert into u select max(id) from y`,
        writes: 'update w set x = 2',
      },
    },
  ));

test.each(['repeatable read', 'serializable'])(
  'a partition is not truncated alone in %s: others may have written what the snapshot has not',
  async (isolation) => {
    const pair = await installedPair({ provider: 17, subscriber: 17 });
    await pair.both(tables.p);
    await addTables(pair, ['public.p']);
    await followUntilSynced(pair);
    await pair.old.client((client) => client.query('insert into p values (1, 1), (11, 1)'));
    await pair.old.client(async (client) => {
      await client.query(`begin isolation level ${isolation}; select from p`);
      await pair.old.client((other) => other.query('insert into p values (2, 2)'));
      expect((await stateOf(client.query('truncate p_1')))?.[0]).toBe('TD004');
      await client.query(`rollback; begin isolation level ${isolation}`);
      // An empty partition has no rows to read, and the whole table is one event.
      await client.query(
        'create table p_3 partition of p for values from (20) to (30); truncate p_3; truncate p; commit',
      );
    });
    await replayAll(pair);
    expect(await rowsOf(pair.new, 'p')).toEqual([]);
  },
);
