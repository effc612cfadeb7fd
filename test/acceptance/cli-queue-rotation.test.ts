/**
 * `pgtide queue blockers` and `new-epoch`: what keeps a queue from rotation, and a queue whose transaction ids went back. The server is
 * the file's own: a transaction in another database holds up rotation, too.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import { queueCommands } from './queue-commands.ts';

let db: TestDatabase;

const { queue, json, sql } = queueCommands(() => db);

beforeAll(async () => {
  db = await createDatabase(await ownServer({ version: 14 }), { owner: 'app' });
  await json('install');
  await json('create', 'mail');
});

describe('rotation', () => {
  test('nothing blocks the rotation of a new queue', async () => {
    expect(await queue('blockers')).toEqual({ status: 0, out: 'nothing is in the way\n', err: '' });
    expect((await queue('blockers', 'post')).err).toContain('there is no queue post on app');
  });

  test('a consumer that does not read is reported, with the remedy', async () => {
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
