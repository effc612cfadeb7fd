/** A run writes one log line: its outcome, counts and times, the lag as a metric, or its error without a secret. */
import { expect, test, vi } from 'vitest';
import type { Config } from '../../../lib/config/config.ts';
import { PgtideError } from '../../../lib/errors.ts';
import type { Outcome } from '../../../lib/outcome.ts';
import { withLagMetric } from '../../../lib/runtime/run-log.ts';
import type { UnitContext } from '../../../lib/unit-context/context.ts';
import { world } from '../../support/unit-runs.ts';

test('the log line holds counts, gauges, step times and the lag', async () => {
  const { run, clock, lines } = await world();
  const waits: Outcome = { kind: 'waiting-for', what: 'the copy of public.orders' };
  const outcomes: Outcome[] = [{ kind: 'applied' }, waits];
  const unit = async (context: UnitContext) => {
    context.count('events', 21);
    context.gauge('lagSeconds', 4);
    await context.step('stage', async () => clock.advance(30));
    return outcomes.shift() ?? waits;
  };
  await run(unit, { repeat: true });
  expect(lines).toEqual([
    {
      time: '2027-01-15T08:00:00.060Z',
      level: 'INFO',
      unit: 'replay',
      queue: 'shop',
      node: 'new',
      outcome: 'waiting-for',
      what: 'the copy of public.orders',
      repeats: 2,
      lagSeconds: 4,
      counts: { events: 42 },
      steps: { stage: 60 },
      durationMs: 60,
    },
  ]);
});

test('on Lambda the lag is a metric of the function, and of each pair if that is configured', () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'pgtide-prod-replay');
  const line = {
    time: '2027-01-15T08:00:00.060Z',
    unit: 'replay',
    queue: 'shop',
    node: 'new',
    lagSeconds: 4,
  };
  const metricOf = (metrics: Config['metrics'], of: Record<string, unknown> = line) =>
    withLagMetric(of, metrics, 1_800_000_000_060);
  const directive = (Dimensions: string[][]) => ({
    Timestamp: 1_800_000_000_060,
    CloudWatchMetrics: [
      { Namespace: 'pgtide', Dimensions, Metrics: [{ Name: 'lagSeconds', Unit: 'Seconds' }] },
    ],
  });
  expect(metricOf({ byPair: false })).toEqual({
    ...line,
    function: 'pgtide-prod-replay',
    _aws: directive([['function']]),
  });
  expect(metricOf({ byPair: true })._aws).toEqual(directive([['function'], ['function', 'queue', 'node']]));
  // Without a lag, and of functions that are called now and then, there is nothing to watch, and nothing to pay.
  for (const other of [
    { ...line, lagSeconds: undefined },
    { ...line, unit: 'status' },
  ])
    expect(metricOf({ byPair: true }, other)).toBe(other);
  vi.unstubAllEnvs();
});

test('an error is logged with kind and remedy, and without passwords', async () => {
  const { run, lines } = await world();
  const report = await run(() =>
    Promise.reject(
      new PgtideError('schema', 'postgres://app:hunter2@h/d lacks a column', { remedy: 'add it' }),
    ),
  );
  expect(report.error?.kind).toBe('schema');
  expect(lines).toMatchObject([
    {
      level: 'ERROR',
      outcome: 'error',
      error: { kind: 'schema', message: 'postgres://app:***@h/d lacks a column', remedy: 'add it' },
    },
  ]);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

test('an unreachable node is logged with its address and without its password', async () => {
  const { run, lines } = await world();
  const report = await run((context) => context.connect('old', () => Promise.resolve({ kind: 'idle' })), {
    unitName: 'tick',
    node: 'old',
  });
  expect(report.error).toMatchObject({
    kind: 'connection',
    message: expect.stringContaining('old (127.0.0.1:9/shop as app)'),
  });
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});
