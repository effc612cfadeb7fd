/**
 * Schedules begin with the deployment, before `install` can be called. Until then the functions wait, and report what they
 * wait for. A node that is lost later is an error.
 */
import { expect, test } from 'vitest';
import { createConsumer } from '../../lib/consumer/consumer-api.ts';
import { install } from '../../lib/units/install.ts';
import { consumerWorld, lambdaContext } from '../support/consumer.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { type Schedule, schedule } from '../support/scheduled.ts';
import { cascade } from '../support/unit-context.ts';

const scheduled = ['tick', 'replay', 'copy', 'maintain'] as const;

/** The log's entry for the last run of each function. */
async function lastLines(shop: Schedule): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const name of scheduled) {
    await shop.invoke(name);
    const { outcome, what, level } = shop.lines.at(-1) ?? {};
    seen.push({ name, outcome, level, what });
  }
  return seen;
}

async function freshDeployment() {
  const provider = await createDatabase(await postgres(13));
  const [subscriber, late] = [
    await createDatabase(await postgres(17)),
    await createDatabase(await postgres(17)),
  ];
  const members = { old: provider, new: subscriber };
  const nodes = (of: typeof members & { late?: typeof late }) =>
    Object.fromEntries(Object.entries(of).map(([name, { url }]) => [name, { url }]));
  const shop = await schedule({ nodes: nodes(members), queues: { shop: { root: 'old', leaves: ['new'] } } });
  return { old: provider, new: subscriber, late, members, nodes, shop };
}

test('the functions of a fresh deployment wait for install, and status says what to run', async () => {
  const { shop, members } = await freshDeployment();
  const what =
    'install: old is not a node of the queue shop yet; call the function install, or run: pgtide init shop';
  expect(await lastLines(shop)).toEqual(
    scheduled.map((name) => ({ name, outcome: 'waiting-for', level: 'INFO', what })),
  );
  const { healthy, queues } = await shop.status();
  expect(healthy).toBe(false);
  expect(queues[0]?.nodes.map(({ problems }) => problems[0])).toMatchObject([
    { code: 'node-missing', remedy: 'run: pgtide init shop' },
    { code: 'node-missing', remedy: 'run: pgtide init shop' },
  ]);
  await install(cascade('shop', members).context('old'), {});
  for (const name of scheduled) await shop.invoke(name);
  expect((await shop.status()).healthy).toBe(true);
});

test('a queue, or a leaf, that is added to the configuration waits beside those that work', async () => {
  const { old, late, members, nodes } = await freshDeployment();
  await install(cascade('shop', members).context('old'), {});
  const grown = await schedule({
    nodes: nodes({ ...members, late }),
    queues: { shop: { root: 'old', leaves: ['new', 'late'] }, mail: { root: 'new', leaves: ['late'] } },
  });
  expect(await grown.invoke('tick')).toEqual({ 'shop/old': 'idle', 'mail/new': 'waiting-for' });
  expect(await grown.invoke('replay')).toEqual({
    'shop/new': 'idle',
    'shop/late': 'waiting-for',
    'mail/late': 'waiting-for',
  });
  expect(await grown.invoke('copy', { event: { queue: 'shop', node: 'late' } })).toEqual({
    'shop/late': 'waiting-for',
  });
  const maintained = await grown.invoke('maintain');
  expect(maintained['mail/new']).toBe('waiting-for');
  expect(['done', 'idle']).toContain(maintained['shop/old']);
  expect(await old.client((client) => client.query(`select pgq.ticker('shop')`))).toHaveLength(1);
});

test('a node that was there and is lost fails the invocation', async () => {
  const { old, new: leaf, members, shop } = await freshDeployment();
  await install(cascade('shop', members).context('old'), {});
  const drop = (name: string) => `drop schema if exists ${name} cascade;`;
  const dropAll = ['pgtide', 'londiste', 'pgq_coop', 'pgq_ext', 'pgq_node', 'pgq'].map(drop).join(' ');
  await leaf.client((client) => client.query(dropAll));
  for (const name of ['copy', 'maintain'] as const)
    await expect(shop.invoke(name)).rejects.toMatchObject({ kind: 'not-found' });
  await install(cascade('shop', members).context('old'), {});
  await old.client((client) => client.query(dropAll));
  for (const name of ['tick', 'replay', 'maintain'] as const)
    await expect(shop.invoke(name)).rejects.toMatchObject({ kind: 'not-found' });
});

test('if the other side cannot be reached, the error stays the same', async () => {
  const { members, nodes } = await freshDeployment();
  const shop = await schedule({
    nodes: { ...nodes(members), new: { url: 'postgres://app@127.0.0.1:9/new' } },
    queues: { shop: { root: 'old', leaves: ['new'] } },
  });
  await expect(shop.invoke('replay')).rejects.toMatchObject({ kind: 'not-found' });
  expect(await shop.invoke('tick')).toEqual({ 'shop/old': 'waiting-for' });
});

test('a function that is missing where the node is there is an error, not a wait', async () => {
  const { old, members, shop } = await freshDeployment();
  await install(cascade('shop', members).context('old'), {});
  await old.client((client) =>
    client.query('alter function pgtide.next_batch(text, text, bigint) rename to away'),
  );
  await expect(shop.invoke('replay')).rejects.toMatchObject({ kind: 'not-found' });
});

test('a consumer of a database without pgtide waits, too', async () => {
  const db = await createDatabase(await postgres(15));
  const { environment, lines } = await consumerWorld({ app: db });
  const handler = createConsumer({
    queue: 'mail',
    consumer: 'sender',
    environment,
    onEvent: () => undefined,
  });
  expect(await handler({}, lambdaContext())).toMatchObject({ outcome: 'waiting-for' });
  expect(lines).toMatchObject([
    {
      what: expect.stringMatching(
        /^install: app does not have the schema pgq yet; .*: pgtide queue install$/,
      ),
    },
  ]);
});
