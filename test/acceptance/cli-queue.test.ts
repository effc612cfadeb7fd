/**
 * `pgtide queue …`: what an operator does with queues, from an empty database on. With --json each command's result is
 * one JSON document; without it, lines for people. The server is its own: a transaction in another database holds rotation too.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../lib/cli/program.ts';
import { type Ended, pgtide, writeConfig } from '../support/command-line.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let env: { PGTIDE_CONFIG: string };

beforeAll(async () => {
  db = await createDatabase(await ownServer({ version: 14 }), { owner: 'app' });
  env = { PGTIDE_CONFIG: writeConfig(`nodes:\n  app: { url: "${db.url}" }\nqueues: {}\n`) };
});

const queue = (...args: string[]): Promise<Ended> => pgtide(['queue', ...args], env);

/** The result of a command that must hold. */
async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { status, out, err } = await queue(...args, '--json');
  expect(status, out + err).toBe(0);
  return JSON.parse(out) as T;
}

const sql = <T = Record<string, unknown>>(text: string, values: unknown[] = []) =>
  db.client((client) => client.query<T>(text, values));

const insert = (...texts: string[]) =>
  sql(`select pgq.insert_event('mail', 'sign-up', t) from unnest($1::text[]) t`, [texts]);

describe('before anything is there', () => {
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

  test('install makes the schemas, and may be run again', async () => {
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

  test('that are not there are named', async () => {
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
  test('are registered after the last tick, at a tick, or where another one is', async () => {
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
    // The tick by hand has used up ids: sender is to read none of those events.
    expect((await queue('show')).out).toMatch(
      /^ {3}sender +tick \d+ +lag .* up to 1,\d{3} events behind +seen /m,
    );
  });

  test('that are there already are not moved by chance', async () => {
    expect(await json('register', 'mail', 'late')).toMatchObject({ registered: false });
    const { status, err } = await queue('register', 'mail', 'late', '--copy', 'sender');
    expect(status).toBe(1);
    expect(err).toMatch(
      /late reads mail already.*\nfix: to move it: pgtide queue reposition mail late --at \d+\n$/,
    );
  });

  test('are moved, and a tick that is not there is refused', async () => {
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

describe('what a consumer has before it', () => {
  test('no batch is open', async () => {
    expect(await json('batch', 'mail', 'sender')).toEqual({ batch: null });
    expect((await queue('events', 'mail', 'sender')).err).toMatch(
      /^error: app: sender has no batch of mail open\nfix: /,
    );
  });

  test('the open batch and its events', async () => {
    const [opened] = await sql<{ batch: bigint }>(`select pgq.next_batch('mail', 'sender') as batch`);
    expect(await json('batch', 'mail', 'sender')).toMatchObject({
      batch: Number(opened?.batch),
      consumer: 'sender',
    });
    const { events } = await json<{ events: object[] }>('events', 'mail', 'sender');
    expect(events).toMatchObject([
      { type: 'sign-up', data: 'ann', retry: null },
      { type: 'sign-up', data: 'ben' },
    ]);
    const limited = await queue('events', 'mail', 'sender', '--limit', '1');
    expect(limited.out).toMatch(/^\d+ .*sign-up +ann\n$/);
  });

  test('events that wait to come again, and how they are forgotten', async () => {
    expect((await queue('retries', 'mail')).out).toBe('nothing waits\n');
    await sql(`select pgq.event_retry(s.sub_batch, e.ev_id, 3600)
      from pgq.subscription s cross join lateral pgq.get_batch_events(s.sub_batch) e where s.sub_batch is not null`);
    await sql(`select pgq.finish_batch(sub_batch) from pgq.subscription where sub_batch is not null`);
    const { retries } = await json<{ retries: { id: number; data: string }[] }>('retries', 'mail', 'sender');
    expect(retries).toMatchObject([
      { consumer: 'sender', retries: 1, data: 'ann' },
      { consumer: 'sender', retries: 1, data: 'ben' },
    ]);
    expect((await queue('retries', 'mail')).out).toMatch(
      /sender +after \S+Z +put aside 1 time +sign-up +ann\n/,
    );
    expect(await json('delete-retries', 'mail', 'sender', String(retries[0]?.id))).toMatchObject({
      deleted: 1,
    });
    expect((await queue('delete-retries', 'mail', 'sender', '--all')).out).toBe(
      '1 event will not come again\n',
    );
  });
});

describe('dead letters', () => {
  test('hold what was given up, with the reason', async () => {
    expect((await queue('dead-letters', 'mail')).out).toBe('no dead letters\n');
    await insert('dora', 'emil');
    await queue('tick', 'mail');
    await sql(`select pgtide.dead_letter_put(b.id, e.ev_id, 'no such address')
      from pgq.next_batch('mail', 'sender') as b (id) cross join lateral pgq.get_batch_events(b.id) e`);
    await sql(`select pgq.finish_batch(sub_batch) from pgq.subscription where sub_batch is not null`);
    const { deadLetters } = await json<{ deadLetters: { id: number }[] }>('dead-letters', 'mail', 'sender');
    expect(deadLetters).toMatchObject([
      { consumer: 'sender', reason: 'no such address', data: 'emil' },
      { consumer: 'sender', reason: 'no such address', data: 'dora' },
    ]);
    expect((await queue('dead-letters', 'mail')).out).toMatch(
      /^\d+ +sender +\S+Z +no such address +sign-up +emil$/m,
    );
    const [emil, dora] = deadLetters.map(({ id }) => String(id));
    expect(await json('replay-dead-letters', 'mail', 'sender', dora ?? '')).toMatchObject({ replayed: 1 });
    expect(await json('retries', 'mail')).toMatchObject({ retries: [{ data: 'dora', retries: 0 }] });
    const young = await queue('purge-dead-letters', 'mail', 'sender', '--all', '--older-than', '1 day');
    expect(young.out).toBe('0 dead letters forgotten\n');
    expect(await json('purge-dead-letters', 'mail', 'sender', emil ?? '')).toMatchObject({ purged: 1 });
    expect(await json('dead-letters', 'mail')).toEqual({ deadLetters: [] });
  });

  test('begin where the queue says so', async () => {
    expect((await queue('set', 'mail', 'retry_limit=3')).out).toBe('mail: retry_limit = 3\n');
    expect((await queue('set', 'mail', 'retry_limit=none')).status).toBe(0);
    expect((await queue('set', 'mail', 'retry_limit=few')).err).toMatch(
      /^error: .*no value for retry_limit: few/,
    );
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

describe('rotation', () => {
  test('nothing is in the way of a young queue', async () => {
    expect(await queue('blockers')).toEqual({ status: 0, out: 'nothing is in the way\n', err: '' });
    expect((await queue('blockers', 'post')).err).toContain('there is no queue post on app');
  });

  test('a consumer that does not read is reported, with what to do', async () => {
    await queue('create', 'slow', 'rotation_period=1 hour');
    await queue('register', 'slow', 'sleeper');
    for (let turn = 0; turn < 2; turn += 1) {
      await sql(
        `update pgq.queue set queue_switch_time = now() - interval '2 hours' where queue_name = 'slow'`,
      );
      await sql(`select pgq.maint_rotate_tables_step1('slow')`);
      await sql(`select pgq.maint_rotate_tables_step2()`);
      await queue('tick', 'slow');
    }
    await sql(`update pgq.queue set queue_switch_time = now() where queue_name = 'slow'`);
    const early = await queue('blockers', 'slow');
    expect(early.out).toMatch(/^slow on app: sleeper .*\n.*not due until/);
    expect(early).toMatchObject({ status: 0, err: '' });
    await sql(
      `update pgq.queue set queue_switch_time = now() - interval '2 hours' where queue_name = 'slow'`,
    );
    const shown = await queue('blockers', 'slow');
    expect(shown.status, shown.out).toBe(1);
    expect(shown.out).toMatch(/^slow on app: .*sleeper.*\n {3}.*holds [\d.]+ MB.*\n {3}fix: /);
    expect(shown.err).toMatch(/^error: slow on app: .*sleeper.*\nfix: .*\n$/);
    const { out, status } = await queue('blockers', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      blockers: [{ queue: 'slow', on: 'app', kind: 'consumer', who: 'sleeper', overdue: true }],
    });
    expect((await queue('drop', 'slow', '--force')).status).toBe(0);
  });

  test('a queue in order needs no new epoch; one whose ids went back gets it', async () => {
    expect((await queue('new-epoch', 'mail')).out).toBe(
      'mail: its transaction ids are in order; nothing was done\n',
    );
    await sql(`update pgq.tick set tick_snapshot = '900000000:900000000:'::txid_snapshot
                where tick_queue = (select queue_id from pgq.queue where queue_name = 'mail')`);
    const broken = await queue('tick', 'mail');
    expect(broken.status).toBe(1);
    expect(broken.err).toContain('Invalid PgQ state');
    expect(await json('new-epoch', 'mail')).toMatchObject({ queue: 'mail', repaired: true });
    expect((await queue('tick', 'mail')).status).toBe(0);
  });
});

describe('which node', () => {
  test('with several nodes and a queue of none, the choice is asked for', async () => {
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

/** Without a process of its own: nothing here gets as far as a database. */
async function inProcess(...args: string[]): Promise<Ended> {
  const text = { out: '', err: '' };
  const terminal = {
    out: (line: string) => {
      text.out += `${line}\n`;
    },
    err: (line: string) => {
      text.err += `${line}\n`;
    },
    interactive: false,
  };
  const status = await runCommandLine(['queue', ...args], terminal);
  return { status, ...text };
}

describe('wrong usage ends with 2 and a hint', () => {
  test.each([
    [['crate'], "unknown command 'crate'", 'Did you mean create?'],
    [['set', 'mail', 'ticker_paused'], 'It must be parameter=value', 'usage: pgtide queue set'],
    [['reposition', 'mail', 'sender'], 'no place is named', '--copy'],
    [
      ['reposition', 'mail', 'sender', '--at', '1', '--copy', 'x'],
      'cannot be used with option',
      'usage: pgtide queue',
    ],
    [['register', 'mail', 'sender', '--at', 'x'], 'must be a whole number', 'usage: pgtide queue register'],
    [['delete-retries', 'mail', 'sender'], 'no event is named', '--all'],
    [['delete-retries', 'mail', 'sender', '1', '--all'], 'not both', '--all'],
    [['purge-dead-letters', 'mail', 'sender'], 'no event is named', '--all'],
    [['events', 'mail', 'sender', '--limit', '0'], 'above 0', 'usage: pgtide queue events'],
  ])('%j', async (args, message, hint) => {
    const { status, out, err } = await inProcess(...args);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });

  test('every command has help, and says which node it works on', async () => {
    const { out } = await inProcess('--help');
    const commands = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+) /gm)].flatMap(
      ([, name]) => name ?? [],
    );
    expect(commands.length).toBeGreaterThan(12);
    for (const command of commands.filter((name) => name !== 'help')) {
      const help = await inProcess(command, '--help');
      expect(help.status).toBe(0);
      expect(help.out).toContain(`Usage: pgtide queue ${command}`);
      expect(help.out).toContain('--node <node>');
      expect(help.out).toContain('--json');
    }
  });
});

test('a queue with consumers is dropped by force alone', async () => {
  const { status, err } = await queue('drop', 'mail');
  expect(status).toBe(1);
  expect(err).toBe(
    'error: app: the queue mail is read by sender, team\nfix: unregister them, or run: pgtide queue drop mail --force\n',
  );
  expect(await json('drop', 'mail', '--force')).toEqual({ queue: 'mail', node: 'app', dropped: true });
  expect((await queue('show')).out).toBe('no queues\n');
});

describe('uninstall', () => {
  test('wants a node, does not drop queues unless forced, and leaves nothing', async () => {
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
