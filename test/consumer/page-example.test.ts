/** The example of docs/consumers.md, word for word: the application's writes, and the function that sends the mail. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import type { LambdaHandler } from '../../lib/consumer/consumer-api.ts';
import { pgtide, writeConfig } from '../support/command-line.ts';
import { lambdaContext } from '../support/consumer.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { onFileEnd } from '../support/file-scope.ts';
import { leaseTable } from '../support/lease-table.ts';

interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** The mails that the stub has accepted; `down`: it accepts none. */
const mailServer = { sent: [] as Mail[], down: false };
let db: TestDatabase;
let env: { PGTIDE_CONFIG: string };
let signUp: (client: pg.Client, email: string, name: string) => Promise<void>;
let handler: LambdaHandler<{ outcome: string; events: number; failed: number }>;

const page = readFileSync(new URL('../../docs/consumers.md', import.meta.url), 'utf8');
const packageEntries: Record<string, string> = {
  pgtide: new URL('../../lib/api.ts', import.meta.url).pathname,
  'pgtide/consumer': new URL('../../lib/consumer/consumer-api.ts', import.meta.url).pathname,
};

function example(marker: string): string {
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '');
  const found = blocks.find((code) => code.includes(marker));
  if (!found) throw new Error(`docs/consumers.md has no example with ${marker}`);
  return found.replaceAll(/from '(pgtide[^']*)'/g, (_, name: string) => `from '${packageEntries[name]}'`);
}

/** The example's files in a separate folder, with a stub as the user's mail sender. */
function writeExample(): string {
  const folder = mkdtempSync(join(import.meta.dirname, '.example-'));
  onFileEnd(async () => rmSync(folder, { recursive: true }));
  const [imports = '', body = ''] = example('produce(client').split(/\n\n(.*)/s);
  writeFileSync(
    join(folder, 'sign-up.ts'),
    `${imports}\nexport async function signUp(client, email, name) {\n${body}}\n`,
  );
  writeFileSync(join(folder, 'function.ts'), example('createConsumer('));
  writeFileSync(
    join(folder, 'send-mail.ts'),
    `export const sendMail = (mail) => globalThis.sendMailStub(mail);\n`,
  );
  return folder;
}

beforeAll(async () => {
  db = await createDatabase(await postgres(18));
  const { endpoint, table } = await leaseTable();
  env = {
    PGTIDE_CONFIG: writeConfig(
      `nodes:\n  app: { url: "${db.url}" }\nqueues:\n  mail: { root: app }\nlease: { endpoint: "${endpoint}", table: ${table} }\n`,
    ),
  };
  // Lambda gives a function the credentials of its role.
  const aws = { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  Object.assign(process.env, env, aws);
  expect((await pgtide(['init', 'mail'], env)).status).toBe(0);
  await db.client((client) => client.query('create table public.users (email text primary key, name text)'));
  Object.assign(globalThis, {
    sendMailStub: async (mail: Mail) => {
      if (mailServer.down) throw new Error('mailbox unavailable');
      mailServer.sent.push(mail);
    },
  });
  const folder = writeExample();
  ({ signUp } = await import(join(folder, 'sign-up.ts')));
  ({ handler } = await import(join(folder, 'function.ts')));
});

async function application(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const invoke = () => handler({ source: 'aws.scheduler' }, lambdaContext());
const tick = async () => expect((await pgtide(['queue', 'tick', 'mail'], env)).status).toBe(0);

test('each sign-up that commits sends one mail, and one that rolls back sends none', async () => {
  expect(await invoke()).toEqual({ outcome: 'idle', events: 0, failed: 0 });
  await application(async (client) => {
    await signUp(client, 'ann@example.com', 'Ann');
    await expect(signUp(client, 'ann@example.com', 'Ann again')).rejects.toThrow('duplicate key');
    await client.query('rollback');
  });
  await tick();
  expect(await invoke()).toEqual({ outcome: 'applied', events: 1, failed: 0 });
  expect(mailServer.sent).toEqual([
    { to: 'ann@example.com', subject: 'Welcome', text: 'Hello Ann, you are signed up.' },
  ]);
  expect(await invoke()).toMatchObject({ outcome: 'idle' });
});

test('a mail that cannot be sent is retried five times, and then is a dead letter that can be replayed', async () => {
  mailServer.sent.length = 0;
  mailServer.down = true;
  await application((client) => signUp(client, 'ben@example.com', 'Ben'));
  await tick();
  expect(await invoke()).toMatchObject({ events: 1, failed: 1 });
  const again = async () => {
    await db.client((client) => client.query('update pgq.retry_queue set ev_retry_after = now()'));
    await db.client((client) => client.query('select pgq.maint_retry_events()'));
    await tick();
  };
  for (let retry = 1; retry <= 5; retry += 1) {
    await again();
    expect(await invoke(), `retry ${retry}`).toMatchObject({ events: 1, failed: 1 });
  }
  const { out } = await pgtide(['queue', 'dead-letters', 'mail'], env);
  expect(out).toMatch(/confirmation .*mailbox unavailable +sign-up .*ben@example\.com/);
  mailServer.down = false;
  expect((await pgtide(['queue', 'replay-dead-letters', 'mail', 'confirmation', '--all'], env)).status).toBe(
    0,
  );
  await again();
  expect(await invoke()).toMatchObject({ events: 1, failed: 0 });
  expect(mailServer.sent).toMatchObject([{ to: 'ben@example.com' }]);
});
