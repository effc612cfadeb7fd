/** A server that does not answer takes nothing from the others: each run serves every node that can be served, and ends in time. */
import { beforeAll, expect, test } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { PgtideError } from '../../lib/errors.ts';
import { runUnit } from '../../lib/runtime/run-unit.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { tick } from '../../lib/units/tick.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { type Schedule, schedule } from '../support/scheduled.ts';
import { muteServer, type SilentServer, silentServer } from '../support/silent-server.ts';
import { cascade } from '../support/unit-context.ts';

/**
 * The time of a run: so much that a healthy root's part is enough on a busy machine. Lambda's own timeout is four seconds
 * later.
 */
const RUN_MS = 30_000;
const LAMBDA_MS = RUN_MS + 4_000;
/**
 * Without limits, connecting to eight servers would take 80 seconds, and a query would wait for ever. On a busy machine a
 * run may be late.
 */
const UNLIMITED_MS = 70_000;
const HANGING = 8;
const HEALTHY = 4;

let db: TestDatabase;

beforeAll(async () => {
  db = await createDatabase(await postgres(17), { installed: true });
  for (let nr = 0; nr < HEALTHY; nr++)
    await install(cascade(`healthy${nr}`, { [`root${nr}`]: db }).context(`root${nr}`), {});
});

/** The database, reached over a port of this machine. */
function urlAt({ port }: SilentServer): string {
  const { user, database, password = '' } = db.target;
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

/** Twelve roots, the hanging ones first. The queues of the others are due for a tick each time. */
async function twelveRoots(hanging: readonly SilentServer[], clock = systemClock): Promise<Schedule> {
  const { user, database, password = '' } = db.target;
  const url = (port: number) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
  const dead = hanging.map(({ port }, nr) => ({ queue: `hanging${nr}`, node: `dead${nr}`, url: url(port) }));
  const live = Array.from({ length: HEALTHY }, (_, nr) => ({
    queue: `healthy${nr}`,
    node: `root${nr}`,
    url: db.url,
  }));
  return schedule(
    {
      nodes: Object.fromEntries([...dead, ...live].map(({ node, url }) => [node, { url }])),
      queues: Object.fromEntries([...dead, ...live].map(({ queue, node }) => [queue, { root: node }])),
    },
    { clock },
  );
}

/**
 * The start of the last minute in which a run begins with the first root. In another minute a healthy root comes after all
 * that hang; on a busy machine the run leaves it to the next one, which begins with it.
 */
function minuteOfTheFirst(): number {
  const roots = HANGING + HEALTHY;
  let minute = Math.floor(Date.now() / 60_000);
  while ((minute + Math.floor(minute / roots)) % roots !== 0) minute--;
  return minute * 60_000;
}

const several = <T>(make: () => Promise<T>) => Promise.all(Array.from({ length: HANGING }, make));
const healthy = (runs: Record<string, string>) =>
  Object.entries(runs).filter(
    ([pair, outcome]) => pair.startsWith('healthy') && ['idle', 'applied'].includes(outcome),
  );

test('eight of twelve roots accept connections and never answer: the four others are ticked in each run', {
  timeout: 300_000,
}, async () => {
  const hanging = await several(silentServer);
  // The runs count as runs of one minute, however long they take here.
  const start = minuteOfTheFirst();
  const shop = await twelveRoots(hanging, { ...systemClock, now: () => start });
  const began = performance.now();
  expect(healthy(await shop.invoke('tick', { remainingMs: LAMBDA_MS }))).toHaveLength(HEALTHY);
  expect(performance.now() - began).toBeLessThan(UNLIMITED_MS);
  // The next run leaves them out, and reports it.
  const asked = () => hanging.reduce((sum, server) => sum + server.asked, 0);
  const before = asked();
  const runs = await shop.invoke('tick', { remainingMs: LAMBDA_MS });
  expect(healthy(runs)).toHaveLength(HEALTHY);
  expect(runs['hanging0/dead0']).toBe('waiting-for');
  expect(asked()).toBe(before);
  expect(shop.lines.filter(({ skipped }) => skipped === 1)).toHaveLength(HANGING);
  const [queue] = (await shop.status('hanging0')).queues;
  expect(queue?.nodes[0]?.problems.map(({ code }) => code)).toEqual(['node-unreachable', 'runs-skipped']);
});

test('eight of twelve roots hang at the first statement: the four others are ticked in each run', {
  timeout: 300_000,
}, async () => {
  const hanging = await several(() => muteServer(db.target));
  const offset = minuteOfTheFirst() - Date.now();
  const shop = await twelveRoots(hanging, { ...systemClock, now: () => Date.now() + offset });
  const began = performance.now();
  expect(healthy(await shop.invoke('tick', { remainingMs: LAMBDA_MS }))).toHaveLength(HEALTHY);
  expect(performance.now() - began).toBeLessThan(UNLIMITED_MS);
  expect(healthy(await shop.invoke('tick', { remainingMs: LAMBDA_MS }))).toHaveLength(HEALTHY);
});

test.each([
  ['take connections and say nothing', silentServer],
  ['hang at the first statement', () => muteServer(db.target)],
])('where eight servers %s, status shows the others', { timeout: 300_000 }, async (_what, server) => {
  const shop = await twelveRoots(await several(server));
  const { queues } = await shop.status(undefined, LAMBDA_MS);
  expect(queues).toHaveLength(HANGING + HEALTHY);
  for (const { name, nodes } of queues)
    expect([name, nodes[0]?.problems.map(({ code }) => code)]).toEqual([
      name,
      name.startsWith('hanging') ? ['node-unreachable'] : expect.not.arrayContaining(['node-unreachable']),
    ]);
});

test('leaves that do not answer leave time for the upkeep of their root', { timeout: 300_000 }, async () => {
  const leaves = await several(silentServer);
  const shop = await schedule({
    nodes: Object.fromEntries([
      ['root0', { url: db.url }],
      ...leaves.map((server, nr) => [`leaf${nr}`, { url: urlAt(server) }]),
    ]),
    queues: { healthy0: { root: 'root0', leaves: leaves.map((_, nr) => `leaf${nr}`) } },
  });
  expect(await shop.invoke('maintain', { remainingMs: LAMBDA_MS })).toEqual({ 'healthy0/root0': 'error' });
  expect(shop.lines.at(-1)?.steps).toMatchObject({ retries: expect.any(Number) });
  expect(leaves.every(({ asked }) => asked === 1)).toBe(true);
});

test('each leaf has time to answer, and those that do not answer take at most half of the run together', async () => {
  const leaves = Array.from({ length: 10 }, (_, nr) => `leaf${nr}`);
  const { connect, ...context } = cascade('healthy0', { root0: db }).context('root0');
  const config = parseConfig(
    JSON.stringify({
      nodes: Object.fromEntries(
        ['root0', ...leaves].map((name) => [name, { url: `postgres://app@127.0.0.1:9/${name}` }]),
      ),
      queues: { healthy0: { root: 'root0', leaves } },
    }),
  );
  let now = 0;
  const clock = { now: () => now };
  const asked = new Set<string>();
  /** Ten runs of six seconds in which no leaf answers. */
  for (let run = 0; run < 10; run++) {
    const times: number[] = [];
    const silent: typeof connect = async (node, work, { withinMs = 0 } = {}) => {
      if (node === 'root0') return connect(node, work);
      asked.add(node);
      times.push(withinMs);
      now += withinMs;
      throw new PgtideError('connection', `${node} does not answer`);
    };
    await maintain({ ...context, config, clock, budget: new Budget(clock, 6_000), connect: silent }).catch(
      () => undefined,
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000);
    expect(times.length).toBeLessThanOrEqual(3);
  }
  expect(asked.size).toBeGreaterThan(3);
});

test('a Secrets Manager that does not answer takes no more time than a server', async () => {
  const config = parseConfig(
    'nodes: { old: { secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:old-AbCdEf" } }\nqueues: { shop: { root: old } }',
  );
  const report = await runUnit({
    unitName: 'tick',
    unit: tick,
    config,
    queue: 'shop',
    node: 'old',
    leaseStore: null,
    owner: 'test',
    secrets: { read: () => new Promise(() => undefined), forget: () => undefined },
    budgetMs: 50_000,
    connectMs: 100,
    clock: systemClock,
    log: () => undefined,
  });
  expect(report.error).toMatchObject({
    kind: 'connection',
    message: expect.stringMatching(/^the secret arn:\S+ was not read within 0\.1 s$/),
  });
});
