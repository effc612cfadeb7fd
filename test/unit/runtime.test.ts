/** How a unit runs: leases before connections, budgets, repeats, one log line, and the error policy of the handlers. */
import type { Context } from 'aws-lambda';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Config, parseConfig } from '../../lib/config/config.ts';
import { PgtideError, policyOf } from '../../lib/errors.ts';
import { type LeaseStore, leaseKey } from '../../lib/lease/lease-store.ts';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { Environment } from '../../lib/runtime/environment.ts';
import { onDemandHandler } from '../../lib/runtime/on-demand-handler.ts';
import { planServing, selectPairs } from '../../lib/runtime/pairs.ts';
import { withLagMetric } from '../../lib/runtime/run-log.ts';
import { type RunRequest, runUnit } from '../../lib/runtime/run-unit.ts';
import { scheduledHandler } from '../../lib/runtime/scheduled-handler.ts';
import { type LambdaHandler, stack } from '../../lib/runtime/stack.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { allOf } from '../support/leaks.ts';

/** Nothing listens there: a unit that connects fails at once. */
const config = parseConfig(`
nodes:
  old: { url: "postgres://app:hunter2@127.0.0.1:9/shop" }
  new: { url: "postgres://app@127.0.0.1:9/copy" }
  far: { url: "postgres://app@127.0.0.1:9/far" }
queues:
  shop: { root: old, leaves: [new, far] }
  back: { root: new, leaves: [old] }
`);

const started: LocalDynamoDb[] = [];
afterEach(async () => {
  for (const dynamo of started.splice(0)) await dynamo.stop();
});

function handClock(start = 1_800_000_000_000) {
  let now = start;
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

/** A fresh world: a clock, an empty lease table, and the lines that were logged. */
async function world(of: Config = config) {
  const dynamo = await startLocalDynamoDb();
  started.push(dynamo);
  const clock = handClock();
  const lines: Record<string, unknown>[] = [];
  const secrets = createSecretReader(() => Promise.reject(new Error('no secrets here')));
  const leaseStore = dynamo.store({ clock });
  const environment: Environment = {
    clock,
    log: (line) => void lines.push(line),
    secrets,
    config: () => of,
    leaseStore: () => leaseStore,
  };
  const run = (unit: RunRequest<undefined>['unit'], overrides: Partial<RunRequest<undefined>> = {}) =>
    runUnit({
      unitName: 'replay',
      unit,
      config: of,
      queue: 'shop',
      node: 'new',
      leaseStore,
      owner: `run-${Math.random()}`,
      secrets,
      budgetMs: 55_000,
      clock,
      log: environment.log,
      ...overrides,
    });
  return { clock, lines, leaseStore, environment, run };
}

/** A unit that ends with these outcomes, one a call. */
function unitOf(...outcomes: Outcome['kind'][]) {
  const contexts: UnitContext[] = [];
  const unit = async (context: UnitContext): Promise<Outcome> => {
    contexts.push(context);
    return { kind: outcomes.shift() ?? 'idle' } as Outcome;
  };
  return { unit, contexts };
}

function lambdaContext(remainingMs = 60_000): Context {
  return {
    awsRequestId: `request-${Math.random()}`,
    getRemainingTimeInMillis: () => remainingMs,
  } as Context;
}

const NEVER_RUN = () => Promise.reject(new Error('must not run'));
const untouched: LeaseStore = { acquire: NEVER_RUN, release: NEVER_RUN, states: NEVER_RUN, wake: NEVER_RUN };

test('a run takes its lease, gives the unit the epoch, and gives the lease back', async () => {
  const { run, leaseStore } = await world();
  const key = leaseKey('replay', 'shop', 'new');
  const seen: unknown[] = [];
  const report = await run(
    async (context) => {
      seen.push(context.epoch, (await leaseStore.acquire(key, 'other', 1000)).kind);
      return { kind: 'idle' };
    },
    { owner: 'me' },
  );
  expect(report.outcome).toEqual({ kind: 'idle' });
  expect(seen).toEqual([expect.any(BigInt), 'held']);
  expect((await leaseStore.acquire(key, 'other', 1000)).kind).toBe('acquired');
});

test('where another run has the lease, the unit does not run and nothing is connected', async () => {
  const { run, leaseStore, lines } = await world();
  const key = leaseKey('copy', 'shop', 'far');
  const until = new Date(1_800_000_055_000);
  await leaseStore.acquire(key, 'other', 55_000);
  const report = await run(NEVER_RUN, { unitName: 'copy', node: 'far' });
  expect(report.outcome).toEqual({ kind: 'lease-held', owner: 'other', until });
  expect(lines).toMatchObject([{ unit: 'copy', outcome: 'lease-held', owner: 'other', repeats: 0 }]);
});

test('a unit that needs no lease touches no lease table, and a run by hand has no epoch', async () => {
  const { run } = await world();
  const { unit, contexts } = unitOf('idle', 'idle');
  expect((await run(unit, { unitName: 'tick', node: 'old', leaseStore: untouched })).error).toBeUndefined();
  expect((await run(unit, { leaseStore: null })).error).toBeUndefined();
  expect(contexts.map(({ epoch }) => epoch)).toEqual([null, null]);
});

test('with the lease table gone the run fails before the unit, as an error that passes by itself', async () => {
  const { run } = await world();
  const gone = new PgtideError('connection', 'the lease table pgtide-lease cannot be reached');
  const leaseStore: LeaseStore = { ...untouched, acquire: () => Promise.reject(gone) };
  expect((await run(NEVER_RUN, { leaseStore })).error).toBe(gone);
});

test('the lease is given back when the unit fails; when it cannot be, the work still counts', async () => {
  const { run, leaseStore } = await world();
  await run(() => Promise.reject(new Error('boom')));
  const key = leaseKey('replay', 'shop', 'new');
  const again = await leaseStore.acquire(key, 'other', 1000);
  expect(again.kind).toBe('acquired');
  if (again.kind === 'acquired') await leaseStore.release(again.lease);
  const noRelease: LeaseStore = {
    ...untouched,
    acquire: (...values) => leaseStore.acquire(...values),
    release: () => Promise.reject(new Error('gone')),
  };
  const report = await run(unitOf('idle').unit, { leaseStore: noRelease, node: 'far' });
  expect(report).toMatchObject({ outcome: { kind: 'idle' }, releaseError: 'gone' });
});

test('a unit that repeats is called again until it is idle, and the run has then applied something', async () => {
  const { run } = await world();
  const { unit, contexts } = unitOf('applied', 'already-applied', 'idle');
  const report = await run(unit, { unitName: 'copy' });
  expect(report).toMatchObject({ outcome: { kind: 'applied' }, repeats: 3 });
  expect(contexts).toHaveLength(3);
  // Replay goes on by itself as long as there is something: another call would only connect again.
  expect(await run(unitOf('applied', 'idle').unit)).toMatchObject({
    outcome: { kind: 'applied' },
    repeats: 1,
  });
});

test('a run stops calling its unit when the budget is spent, and says so', async () => {
  const { run, clock } = await world();
  const report = await run(
    async () => {
      clock.advance(20_000);
      return { kind: 'applied' };
    },
    { unitName: 'copy', budgetMs: 55_000 },
  );
  expect(report).toMatchObject({ outcome: { kind: 'out-of-budget' }, repeats: 3 });
});

test('the one log line holds counts, gauges, step times and the lag', async () => {
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

test('on Lambda the lag of all pairs is one metric of the deployment; each pair has its own where that is configured', () => {
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

test('an error is in the log line with kind and remedy, and without passwords', async () => {
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

test('an unreachable node is named, with its address and without its password', async () => {
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

test('a queue or node that is not configured is refused before anything is opened', async () => {
  const { run } = await world();
  expect((await run(NEVER_RUN, { queue: 'shopp' })).error).toMatchObject({ kind: 'input' });
  expect((await run(NEVER_RUN, { node: 'nowhere' })).error).toMatchObject({ kind: 'input' });
});

test('a unit works for roots or for leaves, and a node that is none of its own is refused', () => {
  expect(selectPairs(config, 'tick')).toEqual([
    { queue: 'shop', node: 'old' },
    { queue: 'back', node: 'new' },
  ]);
  expect(selectPairs(config, 'replay', { queue: 'shop' })).toEqual([
    { queue: 'shop', node: 'new' },
    { queue: 'shop', node: 'far' },
  ]);
  expect(() => selectPairs(config, 'replay', { queue: 'shop', node: 'old' })).toThrow(
    'replay has no work for the node "old"',
  );
});

test('pairs are served least recently served first, and units without leases start at another one each minute', async () => {
  const { clock, leaseStore } = await world();
  const pairs = selectPairs(config, 'copy');
  await leaseStore.acquire(leaseKey('copy', 'shop', 'new'), 'x', 1000);
  clock.advance(1000);
  await leaseStore.acquire(leaseKey('copy', 'back', 'old'), 'x', 1000);
  const { due } = await planServing(pairs, 'copy', { leaseStore, now: clock.now() });
  expect(due.map(({ queue, node }) => `${queue}/${node}`).slice(-2)).toEqual(['shop/new', 'back/old']);
  const ticks = selectPairs(config, 'tick');
  const starts = [0, 60_000].map(
    async (now) => (await planServing(ticks, 'tick', { leaseStore, now })).due[0],
  );
  expect(new Set((await Promise.all(starts)).map((pair) => pair?.queue)).size).toBe(2);
});

/** The copy function of a world, and what it is called with for one pair. */
function copyOf(environment: Environment, ...outcomes: Outcome['kind'][]) {
  const { unit, contexts } = unitOf(...outcomes);
  const handler = scheduledHandler({ name: 'copy', environment, unit });
  const call = async () =>
    (await handler({ queue: 'shop', node: 'new' }, lambdaContext())).runs.map(({ outcome }) => outcome);
  return { call, contexts };
}
const MINUTE_MS = 60_000;

test('a pair with nothing to copy rests for four minutes: no lease, no unit, a line that says so', async () => {
  const { environment, clock, lines } = await world();
  const { call, contexts } = copyOf(environment);
  const { acquire } = environment.leaseStore(config);
  let taken = 0;
  environment.leaseStore(config).acquire = function (...values) {
    taken++;
    return acquire.apply(this, values);
  };
  for (let minute = 0; minute < 10; minute++) {
    expect(await call()).toEqual(['idle']);
    // Schedules are not exact.
    clock.advance(MINUTE_MS + (minute % 2 === 0 ? -500 : 500));
  }
  expect([contexts.length, taken]).toEqual([2, 2]);
  expect(lines.map(({ resting = 0 }) => resting)).toEqual([0, 1, 1, 1, 1, 0, 1, 1, 1, 1]);
  expect(lines[1]).toMatchObject({ unit: 'copy', queue: 'shop', node: 'new', outcome: 'idle', repeats: 0 });
});

test('only a run that found nothing to do is followed by a rest, and only where the unit has one', async () => {
  const { environment, clock } = await world();
  const worked = copyOf(environment, 'applied', 'idle', 'waiting-for', 'out-of-budget', 'idle');
  const seen: string[] = [];
  for (let minute = 0; minute < 5; minute++) {
    seen.push(...(await worked.call()));
    clock.advance(MINUTE_MS);
  }
  expect(seen).toEqual(['applied', 'waiting-for', 'out-of-budget', 'idle', 'idle']);
  expect(worked.contexts).toHaveLength(5);
  const replay = unitOf();
  const handler = scheduledHandler({ name: 'replay', environment, unit: replay.unit });
  for (let minute = 0; minute < 3; minute++) await handler({ queue: 'shop', node: 'new' }, lambdaContext());
  expect(replay.contexts).toHaveLength(3);
});

test('a run by hand sets no rest and regards no rest', async () => {
  const { environment, run } = await world();
  const { call, contexts } = copyOf(environment);
  await call();
  const byHand = unitOf();
  await run(byHand.unit, { unitName: 'copy' });
  expect(byHand.contexts).toHaveLength(1);
  await call();
  expect(contexts).toHaveLength(2);
});

test('pairs that rest are left out among others, which are served in their order', async () => {
  const { environment, clock, leaseStore } = await world();
  await copyOf(environment).call();
  clock.advance(MINUTE_MS);
  const { due, resting } = await planServing(selectPairs(config, 'copy'), 'copy', {
    leaseStore,
    now: clock.now(),
  });
  expect(resting).toEqual([{ queue: 'shop', node: 'new' }]);
  expect(due).toEqual([
    { queue: 'shop', node: 'far' },
    { queue: 'back', node: 'old' },
  ]);
});

test('a rest longer than the unit has, from a clock that was wrong, is not believed', async () => {
  const { environment, leaseStore, clock } = await world();
  const key = leaseKey('copy', 'shop', 'new');
  const taken = await leaseStore.acquire(key, 'x', 1000);
  if (taken.kind === 'acquired') await leaseStore.release(taken.lease, new Date(clock.now() + 86_400_000));
  const { call, contexts } = copyOf(environment);
  await call();
  expect(contexts).toHaveLength(1);
});

test('what has committed work for a resting unit wakes it, also when it fails afterwards', async () => {
  const { environment, lines } = await world();
  const { call, contexts } = copyOf(environment);
  for (const fails of [false, true]) {
    await call();
    await call();
    const demand = onDemandHandler({
      name: 'add-table',
      environment,
      input: z.strictObject({}),
      unit: async (context) => {
        context.wake?.('copy', 'new');
        if (fails) throw new PgtideError('connection', 'gone');
        return { outcome: { kind: 'done' }, result: {} };
      },
    });
    const before = contexts.length;
    const [end] = await Promise.allSettled([demand({ queue: 'shop' }, lambdaContext())]);
    expect(end.status).toBe(fails ? 'rejected' : 'fulfilled');
    await call();
    expect(contexts).toHaveLength(before + 1);
  }
  expect(JSON.stringify(lines)).not.toContain('wakeError');
});

test('a unit that cannot be woken is reported, and the work counts', async () => {
  const { run } = await world();
  const leaseStore: LeaseStore = { ...untouched, wake: () => Promise.reject(new Error('gone')) };
  const report = await run(
    async ({ wake }) => {
      wake?.('copy', 'new');
      return { kind: 'done' };
    },
    { unitName: 'resync', node: 'old', leaseStore },
  );
  expect(report).toMatchObject({ outcome: { kind: 'done' }, wakeError: 'gone' });
  await run(async ({ wake }) => ({ kind: wake ? 'done' : 'idle' }), { leaseStore: null }).then(
    ({ outcome }) => expect(outcome).toEqual({ kind: 'idle' }),
  );
});

test('when rests cannot be read, a lone pair is served as if there were none', async () => {
  const { environment, leaseStore } = await world();
  leaseStore.states = () => Promise.reject(new PgtideError('connection', 'gone'));
  const { call, contexts } = copyOf(environment);
  expect([...(await call()), ...(await call())]).toEqual(['idle', 'idle']);
  expect(contexts).toHaveLength(2);
});

test('a scheduled function without input serves every pair, one line each, as far as its minute lasts', async () => {
  const { environment, lines, clock } = await world();
  const handler = scheduledHandler({
    name: 'replay',
    environment,
    unit: async ({ budget }) => {
      // The second pair gets what the first has left.
      clock.advance(40_000);
      return budget.remainingMs() > 0 ? { kind: 'idle' } : { kind: 'out-of-budget' };
    },
  });
  const response = await handler({}, lambdaContext());
  expect(response.runs).toHaveLength(2);
  expect(lines).toHaveLength(2);
  const notice = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}' };
  clock.advance(60_000);
  expect((await handler(notice, lambdaContext())).runs).toHaveLength(2);
});

test('a scheduled function takes one pair by name, and refuses what it does not know', async () => {
  const { environment, lines } = await world();
  const handler = scheduledHandler({ name: 'replay', environment, unit: unitOf('idle').unit });
  expect(await handler({ queue: 'shop', node: 'far' }, lambdaContext())).toEqual({
    runs: [{ queue: 'shop', node: 'far', outcome: 'idle' }],
  });
  await expect(handler({ queue: 'shop', nod: 'far' }, lambdaContext())).rejects.toMatchObject({
    kind: 'input',
  });
  await expect(handler({ queue: 'shopp' }, lambdaContext())).rejects.toMatchObject({ kind: 'input' });
  expect(lines).toHaveLength(3);
});

test('errors that pass by themselves end a scheduled run normally; those for an operator fail it, after all pairs', async () => {
  const { environment, lines } = await world();
  const failing = (kind: PgtideError['kind']) =>
    scheduledHandler({
      name: 'tick',
      environment,
      unit: ({ queue }) =>
        queue === 'shop'
          ? Promise.reject(new PgtideError(kind, 'no hunter2'))
          : Promise.resolve({ kind: 'idle' }),
    });
  const { runs } = await failing('connection')({}, lambdaContext());
  expect(runs.map(({ outcome }) => outcome).sort()).toEqual(['error', 'idle']);
  await expect(failing('privilege')({}, lambdaContext())).rejects.toMatchObject({ kind: 'privilege' });
  expect(lines).toHaveLength(4);
});

test('a function on demand validates its input before anything, and answers in JSON', async () => {
  const { environment, lines } = await world();
  const handler = onDemandHandler({
    name: 'resync',
    environment,
    input: z.strictObject({ tables: z.array(z.string()) }),
    unit: async ({ queue, node }, { tables }) => ({
      outcome: { kind: 'done' },
      result: { queue, node, tables, tick: 7n, far: 9_007_199_254_740_993n },
    }),
  });
  expect(await handler({ queue: 'shop', tables: ['public.a'] }, lambdaContext())).toEqual({
    outcome: 'done',
    result: { queue: 'shop', node: 'old', tables: ['public.a'], tick: 7, far: '9007199254740993' },
  });
  for (const event of [
    { queue: 'shop' },
    { queue: 'shop', tables: [1] },
    { queue: 'shop', tables: [], x: 1 },
    'text',
  ])
    await expect(handler(event, lambdaContext())).rejects.toMatchObject({ kind: 'input' });
  await expect(handler({ tables: [] }, lambdaContext())).rejects.toMatchObject({
    kind: 'input',
    remedy: 'add "queue"; configured are: shop, back',
  });
  expect(lines).toHaveLength(6);
});

test('a function whose results can be merged goes through all queues when none is named', async () => {
  const { environment, lines } = await world();
  const handler = onDemandHandler({
    name: 'status',
    environment,
    input: z.strictObject({}),
    unit: async ({ queue }) => ({ outcome: { kind: 'done' }, result: [queue] }),
    merge: (results) => results.flat(),
  });
  expect(await handler({}, lambdaContext())).toEqual({ outcome: 'done', result: ['shop', 'back'] });
  expect(await handler({ queue: 'back' }, lambdaContext())).toEqual({ outcome: 'done', result: ['back'] });
  expect(lines).toHaveLength(3);
});

test('of many queues one whose share was over is read again at the end, with what the others have left', async () => {
  const queues = Array.from({ length: 40 }, (_, nr) => `q${nr}`);
  const of = parseConfig(
    JSON.stringify({
      nodes: Object.fromEntries(
        ['root', 'a', 'b', 'c'].map((name) => [name, { url: `postgres://app@127.0.0.1:9/${name}` }]),
      ),
      queues: Object.fromEntries(queues.map((name) => [name, { root: 'root', leaves: ['a', 'b', 'c'] }])),
    }),
  );
  const { environment, clock } = await world(of);
  const budgets: number[] = [];
  const handler = onDemandHandler({
    name: 'status',
    environment,
    input: z.strictObject({}),
    unit: async ({ queue, budget }) => {
      const inTime = queue !== 'q0' || budget.allows(3_000);
      if (queue === 'q0') budgets.push(budget.remainingMs());
      clock.advance(inTime ? 10 : budget.remainingMs());
      return { outcome: { kind: 'done' }, result: [`${queue} ${inTime}`] };
    },
    merge: (results) => results.flat(),
  });
  const { result } = await handler({}, lambdaContext());
  expect(result).toEqual(queues.map((queue) => `${queue} true`));
  expect(budgets).toHaveLength(2);
});

/** What Lambda's runtime answers a caller, as a failure (`FunctionError`), when a handler throws. */
async function failurePayload(
  answer: Promise<unknown>,
): Promise<{ errorType: string; errorMessage: string }> {
  const error = await answer.then(
    (result) => Promise.reject(new Error(`the invocation succeeded: ${JSON.stringify(result)}`)),
    (thrown: Error) => thrown,
  );
  return { errorType: error.name, errorMessage: error.message };
}

test("a function on demand fails with its unit's error: kind, message and remedy, logged once", async () => {
  const { environment, lines } = await world();
  const handler = onDemandHandler({
    name: 'resync',
    environment,
    input: z.strictObject({}),
    unit: () => Promise.reject(new PgtideError('not-found', 'no table', { remedy: 'add it' })),
  });
  expect(await failurePayload(handler({ queue: 'shop' }, lambdaContext()))).toEqual({
    errorType: 'pgtide.not-found',
    errorMessage: 'no table\n  → add it',
  });
  expect(lines).toHaveLength(1);
});

test('a function on demand fails whatever went wrong, also what passes by itself: its caller asked for it', async () => {
  const { environment } = await world();
  for (const kind of Object.keys(policyOf) as PgtideError['kind'][]) {
    const unit = () => Promise.reject(new PgtideError(kind, 'no'));
    const handler = onDemandHandler({ name: 'resync', environment, input: z.strictObject({}), unit });
    expect(await failurePayload(handler({ queue: 'shop' }, lambdaContext()))).toEqual({
      errorType: `pgtide.${kind}`,
      errorMessage: 'no',
    });
  }
  const broken = { ...environment, config: () => parseConfig('nodes: 1') };
  const handler = onDemandHandler({
    name: 'status',
    environment: broken,
    input: z.strictObject({}),
    unit: NEVER_RUN,
  });
  expect(await failurePayload(handler({}, lambdaContext()))).toMatchObject({
    errorType: 'pgtide.input',
    errorMessage: expect.stringMatching(/nodes: 1 must be of type[\s\S]*\n {2}→ correct pgtide.yml/),
  });
});

test('a scheduled function that fails names kind, message and remedy in the same way', async () => {
  const { environment } = await world();
  const unit = () => Promise.reject(new PgtideError('privilege', 'no right', { remedy: 'grant it' }));
  const handler = scheduledHandler({ name: 'tick', environment, unit });
  expect(await failurePayload(handler({ queue: 'shop' }, lambdaContext()))).toEqual({
    errorType: 'pgtide.privilege',
    errorMessage: 'no right\n  → grant it',
  });
});

test('a configuration that is not valid fails the run with every problem in it', async () => {
  const { environment } = await world();
  const broken = { ...environment, config: () => parseConfig('nodes: 1') };
  const handler = scheduledHandler({ name: 'tick', environment: broken, unit: NEVER_RUN });
  await expect(handler({}, lambdaContext())).rejects.toThrow(/nodes: 1 must be of type/);
});

test('what a function throws to Lambda has no cause, no other error on it, and no secret', async () => {
  const { environment } = await world();
  const server = Object.assign(new Error('duplicate key: (hunter2)'), {
    severity: 'ERROR',
    code: '23505',
    detail: 'Key (email)=(hunter2) already exists.',
    where: 'COPY t, line 1: "hunter2"',
    file: 'nbtinsert.c',
    routine: '_bt_check_unique',
    schema: 'public',
    table: 't',
  });
  const thrown = [
    new PgtideError('privilege', 'postgres://app:hunter2@h/d', { cause: server }),
    server,
    new AggregateError([server], 'hunter2'),
    Object.assign(new TypeError('Invalid URL hunter2'), { input: 'postgres://u:hunter2@h' }),
    'hunter2',
  ];
  for (const error of thrown) {
    const unit = () => Promise.reject(error);
    const scheduled = scheduledHandler({ name: 'tick', environment, unit });
    const outside = stack({
      unit: 'tick',
      event: z.unknown(),
      mostMs: 1000,
      environment,
      work: unit,
      failed: () => {
        throw error;
      },
    });
    for (const handler of [scheduled, outside] as LambdaHandler<unknown>[]) {
      const reason: unknown = await handler({}, lambdaContext()).catch((caught: unknown) => caught);
      expect(allOf(reason)).not.toContain('hunter2');
      expect(reason).not.toHaveProperty('originalError');
      expect(reason).not.toHaveProperty('cause');
    }
  }
});
