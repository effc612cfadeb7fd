/** Figures for readers: durations, columns, speed, and whether a goal is met. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { statusLines } from '../../../lib/cli/status-command.ts';
import { monthlyCost, schedule } from '../../../lib/demo/monthly-cost.ts';
import { summaryLines } from '../../../lib/demo/summary.ts';
import { idle, synced } from '../../../lib/local/goal.ts';
import { shellWord } from '../../../lib/shell-word.ts';
import { CopyProgress } from '../../../lib/terminal/copy-progress.ts';
import { columns, duration, plural, upTo, waiting } from '../../../lib/terminal/figures.ts';
import type { NodeStatus, StatusResult, TableStatus } from '../../../lib/units/status.ts';

test.each([
  [0.42, '0.4 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [60, '1 min'],
  [200, '3 min 20 s'],
  [7500, '2 h 5 min'],
  [273_600, '3 d 4 h'],
])('%f seconds are shown as %s', (seconds, shown) => expect(duration(seconds)).toBe(shown));

test('nouns follow their number', () => {
  expect(plural(1, 'table')).toBe('1 table');
  expect(plural(12_345, 'row')).toBe('12,345 rows');
});

test('a number of events that is estimated from ids is shown as an upper limit', () => {
  expect(waiting(0)).toBe('0 events wait');
  expect(waiting(1)).toBe('up to 1 event waits');
  expect(waiting(2002)).toBe('up to 2,002 events wait');
  expect(upTo(0n, 'new event')).toBe('0 new events');
  expect(upTo(2002n, 'new event')).toBe('up to 2,002 new events');
});

test('a table whose name holds blanks or quotes is one word of the suggested command', () => {
  expect(shellWord('shop.orders')).toBe('shop.orders');
  expect(shellWord("it's a table")).toBe("'it'\\''s a table'");
});

test('columns are as wide as their widest cell, numbers stand to the right', () => {
  expect(
    columns([
      ['a', 1, 'x'],
      ['long', 1234, 'y'],
    ]),
  ).toEqual(['a         1  x', 'long  1,234  y']);
});

test('speed is that of the last seconds, and a copy that begins again starts from zero', () => {
  const progress = new CopyProgress();
  progress.note('t', 0, 1000, 0);
  progress.note('t', 500, 1000, 1000);
  expect(progress.of('t')).toEqual({
    table: 't',
    rows: 500,
    totalRows: 1000,
    rowsPerSecond: 500,
    secondsLeft: 1,
  });
  progress.note('t', 10, 1000, 2000);
  expect(progress.of('t')).toMatchObject({ rows: 10, rowsPerSecond: 0, secondsLeft: null });
});

test('an estimate that was too low grows with the rows', () => {
  const progress = new CopyProgress();
  progress.note('t', 1500, 1000, 0);
  expect(progress.of('t').totalRows).toBe(1500);
});

function table(name: string, state: string, error: string | null = null): TableStatus {
  return { name, state, copiedRows: 10, totalRowsEstimate: 40, error };
}

function statusOf(leaf: Partial<NodeStatus>, pending = 0): StatusResult {
  const node = { provider: 'old', lagSeconds: 0.5, tick: 7, tables: [], sequences: [], problems: [] };
  const nodes: NodeStatus[] = [
    { ...node, name: 'old', type: 'root' },
    { ...node, name: 'new', type: 'leaf', ...leaf },
  ];
  return { healthy: true, queues: [{ name: 'shop', ticker: { lagSeconds: 1 }, events: { pending }, nodes }] };
}

describe('synced', () => {
  const ticks = new Map([['shop', 7n]]);
  test('is met when every table is ok and the lag is small', () => {
    expect(synced(statusOf({ tables: [table('a', 'ok')] }), ticks)).toEqual({ met: true });
  });
  test('names the table that is not yet in sync', () => {
    const found = synced(statusOf({ tables: [table('a', 'ok'), table('b', 'in-copy')] }), ticks);
    expect(found).toEqual({ met: false, missing: 'new: b (in-copy, 10 of about 40 rows) not yet in sync' });
  });
  test('fails once only tables that are set aside are left', () => {
    const broken = table('b', 'ok', 'a row is there twice');
    expect(synced(statusOf({ tables: [table('a', 'in-copy'), broken] }), ticks)).toMatchObject({
      met: false,
    });
    expect(synced(statusOf({ tables: [table('a', 'ok'), broken] }), ticks)).toMatchObject({
      hopeless: 'new: b is set aside: a row is there twice',
    });
  });
  test('is not met before the events of the start have been replayed, which may set a table aside', () => {
    expect(synced(statusOf({ tables: [table('a', 'ok')], tick: 6 }), ticks)).toMatchObject({ met: false });
  });
  test('waits for a leaf that is behind, or whose lag is unknown', () => {
    expect(synced(statusOf({ lagSeconds: 90 }), ticks)).toMatchObject({
      missing: 'shop: new has a lag of 1 min 30 s',
    });
    expect(synced(statusOf({ lagSeconds: null }), ticks)).toMatchObject({ met: false });
  });
});

describe('idle', () => {
  const ticks = new Map([['shop', 7n]]);
  test('is met at the tick that was taken after the start, with nothing waiting', () => {
    expect(idle(statusOf({ tick: 7 }), ticks)).toEqual({ met: true });
  });
  test('is not met before that tick, nor while events wait', () => {
    expect(idle(statusOf({ tick: 6 }), ticks)).toMatchObject({ met: false });
    expect(idle(statusOf({ tick: null }), ticks)).toMatchObject({ met: false });
    expect(idle(statusOf({ tick: 7 }, 1), ticks)).toMatchObject({
      missing: 'shop: up to 1 event waits for a tick',
    });
  });
});

test('status is a small tree, with problems and what to do', () => {
  const problem = {
    code: 'ticker-stale' as const,
    message: 'the last tick is old',
    remedy: 'run pgtide run',
  };
  const found = statusOf({ tables: [table('a', 'ok'), table('b', 'in-copy')], problems: [problem] }, 3);
  expect(statusLines({ ...found, healthy: false })).toEqual([
    'shop: last tick 1.0 s ago, up to 3 events wait',
    '├─ old (root): tick 7, 0 tables',
    '└─ new (leaf): lag 0.5 s, tick 7, 1 of 2 tables ok',
    '      b  in-copy  10 of about 40 rows',
    '      problem: the last tick is old',
    '        fix: run pgtide run',
    'unhealthy',
  ]);
});

describe('an idle month', () => {
  test('costs its calls, their duration and their leases', () => {
    const [free, slow] = [monthlyCost(() => 0), monthlyCost((unit) => (unit === 'tick' ? 1000 : 0))];
    // A call each minute that holds a quarter of a GB for a second.
    expect(slow.lambda - free.lambda).toBeCloseTo(43_200 * 0.25 * 0.0000133334, 6);
    expect(free.calls).toBe(3 * 43_200 + 8_640);
    // Replay takes its lease each minute, copy every fifth minute. Each call reads how the last run ended, and whether the
    // pair rests.
    const writes = 2 * 43_200 + 2 * 8_640;
    expect(free.dynamoDb).toBeCloseTo((writes * 0.625 + free.calls * 0.0625) / 1e6, 9);
    // Each call writes one line, and Lambda three.
    expect(free.logs).toBeCloseTo((free.calls * 1000 * 0.5) / 1e9, 9);
    expect(slow.pair).toBeCloseTo(slow.lambda + slow.dynamoDb + slow.logs, 9);
  });

  test('adds up all costs of a deployment with one pair, and names the parts', () => {
    const cost = monthlyCost(() => 100);
    expect([cost.metrics, cost.secrets]).toEqual([0.3, 2 * 0.4]);
    expect(cost.total).toBeCloseTo(cost.pair + cost.metrics + cost.secrets, 9);
    expect(cost.total).toBeGreaterThan(1.1);
    const summary = {
      ...{ copiedRows: 1, replayedEvents: 1, tables: 1, units: 1, maxLagSeconds: 1, differences: 0 },
      ...{ provider: '13', subscriber: '17' },
    };
    const lines = summaryLines(summary, { copySeconds: 1, wholeSeconds: 1, transactions: 1 }, cost);
    const usd = (value: number) => `${value.toFixed(3)} USD`;
    expect(lines).toContain(
      `  idle for a month  ${usd(cost.total)}: a pair ${usd(cost.pair)} (138,240 calls ${usd(cost.lambda)}, leases ${usd(cost.dynamoDb)}, logs ${usd(cost.logs)}), one metric 0.300 USD, two secrets 0.800 USD`,
    );
  });

  test('holds four short calls of copy for each long one', () => {
    const cost = monthlyCost((unit, call) => (unit === 'copy' ? { looking: 1000, resting: 10 }[call] : 0));
    const free = monthlyCost(() => 0);
    expect(cost.lambda - free.lambda).toBeCloseTo((8_640 + 34_560 * 0.01) * 0.0000133334, 6);
    expect(cost.dynamoDb).toBe(free.dynamoDb);
  });

  test('is computed from the schedules of serverless.yml', () => {
    const text = readFileSync(new URL('../../../serverless.yml', import.meta.url), 'utf8');
    const { functions } = parseDocument(text, { logLevel: 'silent', merge: true }).toJS();
    const deployed = Object.entries<Deployed>(functions).flatMap(([unit, { memorySize, events }]) =>
      (events ?? []).map((event) => ({
        unit,
        memoryMb: memorySize,
        everyMinutes: Number(/^rate\((\d+) minutes?\)$/.exec(event.schedule.rate[0] ?? '')?.[1]),
      })),
    );
    expect(deployed).toEqual(schedule);
  });
});

interface Deployed {
  memorySize: number;
  events?: { schedule: { rate: string[] } }[];
}
