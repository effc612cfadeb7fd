/** `pgtide queue` grant, revoke, grants, close and open, run by the plain owner of a database, a role that may not create roles. */
import { beforeAll, expect, test } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { type Ended, pgtide, writeConfig } from '../support/command-line.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { stateOf } from '../support/queue.ts';

let db: TestDatabase;
let env: { PGTIDE_CONFIG: string };
let role: string;

beforeAll(async () => {
  const server = await postgres(14);
  db = await createDatabase(server, { installed: true });
  role = `${db.name} app`;
  await createRole(server, role);
  env = { PGTIDE_CONFIG: writeConfig(`nodes:\n  app: { url: "${db.url}" }\nqueues: {}\n`) };
  await db.client((client) => client.query(`select pgq.create_queue('mail')`));
});

const queue = (...args: string[]): Promise<Ended> => pgtide(['queue', ...args], env);

const insert = () =>
  withClient(db.targetAs(role), 'test', async (client) =>
    stateOf(client.query(`select pgq.insert_event('mail', 't', 'd')`)),
  );

test('a role is granted a right, has it, is listed, and loses it', async () => {
  expect((await insert())?.[0]).toBe('42501');
  expect(await queue('close', 'mail', '--json')).toMatchObject({
    status: 0,
    out: '{"queue":"mail","node":"app","closed":true,"changed":true}\n',
  });
  expect((await queue('close', 'mail')).out).toBe('mail is closed already\n');
  expect((await queue('grants', 'mail')).out).toBe('mail on app is closed\n   only its owner has rights\n');
  expect((await queue('grant', 'mail', role, 'produce')).out).toBe(`mail: ${role} has the right produce\n`);
  expect((await queue('grant', 'mail', role, 'consume')).status).toBe(0);
  expect(await insert()).toBeUndefined();
  expect((await queue('grants', 'mail')).out).toBe(`mail on app is closed\n   ${role}  consume, produce\n`);
  expect(JSON.parse((await queue('grants', 'mail', '--json')).out)).toEqual({
    queue: 'mail',
    node: 'app',
    closed: true,
    grants: [{ role, rights: ['consume', 'produce'] }],
  });
  expect((await queue('revoke', 'mail', role, 'produce')).status).toBe(0);
  expect((await insert())?.[0]).toBe('42501');
  expect(JSON.parse((await queue('grants', 'mail', '--json')).out).grants).toEqual([
    { role, rights: ['consume'] },
  ]);
  expect((await queue('open', 'mail')).out).toContain('mail is open');
  expect((await queue('revoke', 'mail', role, 'consume', '--json')).status).toBe(0);
  expect(JSON.parse((await queue('grants', 'mail', '--json')).out)).toMatchObject({ closed: false });
});

test('errors say what to do', async () => {
  await db.client((client) =>
    client.query(`select pgq.register_consumer('mail', 'sender'); select pgq.insert_event('mail', 't', 'd')`),
  );
  await queue('tick', 'mail');
  await db.client((client) => client.query(`select pgq.next_batch('mail', 'sender')`));
  const url = db.url.replace(/(?<=:\/\/)[^:]+/, encodeURIComponent(role));
  const config = writeConfig(`nodes:\n  app: { url: "${url}" }\nqueues: {}\n`);
  expect(await pgtide(['queue', 'events', 'mail', 'sender'], { PGTIDE_CONFIG: config })).toMatchObject({
    status: 1,
    err: expect.stringMatching(
      `^error: app: permission denied for table event_1.*\nfix: as the owner of the queue, run: pgtide queue grant mail '${role}' `,
    ),
  });
  expect(await queue('grant', 'mail', 'no such role', 'produce')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^error: app: role "no such role" does not exist\nfix: Create it first/),
  });
  expect(await queue('grant', 'none', role, 'produce')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^error: app: No such queue: none\nfix: /),
  });
  expect((await queue('grant', 'mail', role, 'eat')).status).toBe(2);
  expect((await queue('grants', 'none')).status).toBe(1);
});
