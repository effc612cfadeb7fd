/**
 * `pgtide queue …` from an empty database to an empty database: install, queues, their consumers and subconsumers, uninstall. With
 * --json each command's result is one JSON document; without it, lines for people.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { pgtide, writeConfig } from '../support/command-line.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { queueCommands } from './queue-commands.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createDatabase(await postgres(14));
});

const { queue, json, sql, insert } = queueCommands(() => db);

describe('in an empty database', () => {
  test('a database without queues is distinguished from a queue that is missing', async () => {
    const { status, err } = await queue('create', 'mail');
    expect(status).toBe(1);
    expect(err).toBe(
      'error: app: this database has no queues: there is no schema pgq\nfix: run: pgtide queue install --node app\n',
    );
    const shown = await queue('show');
    expect(shown).toMatchObject({ status: 0, err: '' });
    expect(shown.out).toContain('pgtide queue install --node app');
  });

  test('install creates the schemas, and may be run again', async () => {
    expect(await json('install')).toMatchObject({
      nodes: [{ node: 'app', installed: expect.arrayContaining(['pgq']) }],
    });
    expect((await queue('install')).out).toBe('app: nothing to do\n');
    expect((await queue('show')).out).toBe('no queues\n');
  });
});

describe('queues', () => {
  test('are created with parameters, once', async () => {
    expect(await json('create', 'mail', 'ticker_max_lag=1 second', 'ticker_max_count=7')).toEqual({
      queue: 'mail',
      node: 'app',
      created: true,
    });
    expect((await queue('create', 'mail')).out).toBe('app: mail is there already\n');
    expect(await json('show', 'mail')).toMatchObject({
      queues: [
        {
          name: 'mail',
          node: 'app',
          tickerMaxLagSeconds: 1,
          tickerMaxCount: 7,
          paused: false,
          consumers: [],
        },
      ],
    });
  });

  test('have parameters, and a wrong one changes nothing', async () => {
    expect((await queue('set', 'mail', 'rotation_period=1 day', 'ticker_paused=true')).out).toBe(
      'mail: rotation_period = 1 day\nmail: ticker_paused = true\n',
    );
    const wrong = await queue('set', 'mail', 'ticker_paused=false', 'rotation=1 day');
    expect(wrong.status).toBe(1);
    expect(wrong.err).toMatch(
      /^error: app: cannot change parameter "rotation\S*\nfix: Parameters: .*rotation_period/,
    );
    expect((await queue('show', 'mail')).out).toContain('ticker paused');
    expect((await queue('set', 'mail', 'ticker_paused=soon')).status).toBe(1);
    expect((await queue('set', 'mail', 'ticker_paused=false')).status).toBe(0);
  });

  test('that do not exist are named', async () => {
    const { status, err } = await queue('show', 'post');
    expect(status).toBe(1);
    expect(err).toMatch(/^error: there is no queue post on app\nfix: pgtide queue show/);
    for (const command of [
      ['tick', 'post'],
      ['drop', 'post'],
      ['register', 'post', 'c'],
      ['retries', 'post', 'c'],
    ])
      expect((await queue(...command)).err).toMatch(command[0] === 'retries' ? /^$/ : /^error: .*\n/);
  });
});

describe('consumers', () => {
  test('are registered after the last tick, at a tick, or at the position of another one', async () => {
    const first = await json<{ tick: number }>('register', 'mail', 'sender');
    expect(first).toMatchObject({ queue: 'mail', consumer: 'sender', registered: true });
    await insert('ann', 'ben');
    const { tick } = await json<{ tick: number }>('tick', 'mail');
    expect(tick).toBeGreaterThan(first.tick);
    expect((await queue('register', 'mail', 'late')).out).toBe(`late reads mail from tick ${tick} on\n`);
    expect(await json('register', 'mail', 'early', '--at', String(first.tick))).toMatchObject({
      tick: first.tick,
    });
    expect(await json('register', 'mail', 'audit', '--copy', 'sender')).toMatchObject({ tick: first.tick });
    const shown = await json<{ queues: { consumers: { name: string; pendingEvents: number }[] }[] }>(
      'show',
      'mail',
    );
    expect(shown.queues[0]?.consumers.map(({ name }) => name)).toEqual(['audit', 'early', 'late', 'sender']);
    // The tick has used up event ids: most of these events do not exist.
    expect((await queue('show')).out).toMatch(
      /^ {3}sender +tick \d+ +lag .* up to 1,\d{3} events behind +seen /m,
    );
  });

  test('that are registered already are not moved by accident', async () => {
    expect(await json('register', 'mail', 'late')).toMatchObject({ registered: false });
    const { status, err } = await queue('register', 'mail', 'late', '--copy', 'sender');
    expect(status).toBe(1);
    expect(err).toMatch(
      /late reads mail already.*\nfix: to move it: pgtide queue reposition mail late --at \d+\n$/,
    );
  });

  test('are moved, and a tick that does not exist is refused', async () => {
    const moved = await json<{ from: number; tick: number }>(
      'reposition',
      'mail',
      'late',
      '--copy',
      'sender',
    );
    expect(moved.tick).toBeLessThan(moved.from);
    expect(await json('reposition', 'mail', 'late', '--at', String(moved.from))).toMatchObject({
      tick: moved.from,
    });
    const { status, err } = await queue('reposition', 'mail', 'late', '--at', '987654');
    expect(status).toBe(1);
    expect(err).toContain('tick not found: 987654');
    expect((await queue('reposition', 'mail', 'absent', '--at', '1')).err).toContain('absent is no consumer');
  });

  test('are unregistered', async () => {
    for (const consumer of ['late', 'early', 'audit'])
      expect((await queue('unregister', 'mail', consumer)).status).toBe(0);
    const { status, err } = await queue('unregister', 'mail', 'late');
    expect(status).toBe(1);
    expect(err).toContain('fix: pgtide queue show mail lists the consumers');
  });
});

describe('subconsumers', () => {
  test('share the work of a consumer, and leave it', async () => {
    expect(await json('register-subconsumer', 'mail', 'team', 'one')).toMatchObject({ registered: true });
    expect((await queue('register-subconsumer', 'mail', 'team', 'one')).out).toBe(
      'one works already for team of mail\n',
    );
    expect((await queue('show', 'mail')).out).toMatch(/team\.one +idle subconsumer/);
    await insert('cleo');
    await queue('tick', 'mail');
    await sql(`select pgq_coop.next_batch('mail', 'team', 'one')`);
    const refused = await queue('unregister-subconsumer', 'mail', 'team', 'one');
    expect(refused.status).toBe(1);
    expect(refused.err).toMatch(
      /has the batch \d+ open\nfix: .*pgtide queue unregister-subconsumer mail team one --close/,
    );
    expect(await json('unregister-subconsumer', 'mail', 'team', 'one', '--close')).toMatchObject({
      unregistered: true,
    });
  });
});

describe('which node', () => {
  test('with several nodes and a queue of none of them, the node must be named', async () => {
    const PGTIDE_CONFIG = writeConfig(
      `nodes:\n  app: { url: "${db.url}" }\n  other: { url: "postgres://x@127.0.0.1:9/x" }\nqueues:\n  mail: { root: app, leaves: [] }\n`,
    );
    const { status, err } = await pgtide(['queue', 'tick', 'post'], { PGTIDE_CONFIG });
    expect(status).toBe(1);
    expect(err).toContain('fix: name one of its nodes: app, other');
    expect((await pgtide(['queue', 'tick', 'mail'], { PGTIDE_CONFIG })).status).toBe(0);
    const away = await pgtide(['queue', 'tick', 'mail', '--node', 'other'], { PGTIDE_CONFIG });
    expect(away.err).toMatch(/^error: other \(127\.0\.0\.1:9\/x as x\): .*\nfix: /);
  });
});

test('a queue with consumers is dropped only with --force', async () => {
  const { status, err } = await queue('drop', 'mail');
  expect(status).toBe(1);
  expect(err).toBe(
    'error: app: the queue mail is read by sender, team\nfix: unregister them, or run: pgtide queue drop mail --force\n',
  );
  expect(await json('drop', 'mail', '--force')).toEqual({ queue: 'mail', node: 'app', dropped: true });
  expect((await queue('show')).out).toBe('no queues\n');
});

describe('uninstall', () => {
  test('requires a node, does not drop queues without --force, and leaves nothing', async () => {
    const left = () => sql(`select 1 from pg_namespace where nspname ~ '^(pgq|londiste|pgtide)'`);
    expect(await queue('uninstall')).toMatchObject({
      status: 1,
      err: 'error: no node is named\nfix: say --node NODE\n',
    });
    await sql(`select pgq.create_queue('kept')`);
    const refused = await queue('uninstall', '--node', 'app');
    expect(refused).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error: app: there are still queues: .*kept/),
    });
    expect(await json('uninstall', '--node', 'app', '--force')).toMatchObject({
      node: 'app',
      removed: expect.arrayContaining(['pgq']),
    });
    expect(await left()).toEqual([]);
    expect((await queue('uninstall', '--node', 'app')).out).toBe('app: nothing to do\n');
  });
});
