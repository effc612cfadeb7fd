/** examples/scheduled-sync: the blocks of the README, then the lines for cron as cron would run them, and the deployed form. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../lib/config/config.ts';
import { deploymentOf } from '../../lib/config/deployment.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { blocksOf, type Example, example } from '../support/example.ts';

let [app, analytics] = [] as unknown as [TestDatabase, TestDatabase];
let sync: Example;
let env: Record<string, string>;

beforeAll(async () => {
  app = await createDatabase(await postgres(13));
  analytics = await createDatabase(await postgres(17));
  sync = example('scheduled-sync');
  env = { APP_URL: app.url, ANALYTICS_URL: analytics.url };
});

/** The commands of the lines for cron, in the example's folder. */
function cronCommands(): string[] {
  const lines = blocksOf(sync.page, 'crontab').trimEnd().split('\n');
  return lines.map((line) => line.replace(/^(?:\S+ ){5}/, '').replace('/srv/sync', sync.folder));
}

const ordersByCountry = (db: TestDatabase) =>
  db.client((client) =>
    client.query(`
      select country, count(*)::int as orders, sum(quantity * price)::text as revenue
      from orders join customers c on c.id = customer_id join catalog.products p on p.id = product_id
      group by country order by country`),
  );

test('the steps copy the chosen tables, apply a change, and find no difference', async () => {
  const [steps = ''] = sync.page.split('\n## ');
  const { status, out, err } = await sync.run(blocksOf(steps, 'sh'), env);
  expect(status, out + err).toBe(0);
  expect(out).toMatch(/^3 tables, 0 differences$/m);
  expect(await ordersByCountry(analytics)).toEqual(await ordersByCountry(app));
  const tables = await analytics.client((client) =>
    client.first(`select to_regclass('sessions') as sessions, to_regclass('orders')::text as orders`),
  );
  expect(tables).toEqual({ sessions: null, orders: 'orders' });
});

test('each line for cron does its work, and analytics follows', async () => {
  const [syncOnce = '', check = ''] = cronCommands();
  for (const statement of [
    `insert into orders (customer_id, product_id, quantity) select n, 1, 9 from generate_series(1, 50) n`,
    `delete from orders where id <= 100`,
  ]) {
    await app.client((client) => client.query(statement));
    expect(await sync.run(syncOnce, env)).toMatchObject({ status: 0, out: '', err: '' });
    expect(await ordersByCountry(analytics)).toEqual(await ordersByCountry(app));
  }
  expect(await sync.run(check, env)).toMatchObject({ status: 0, out: '', err: '' });
  expect(JSON.parse(readFileSync(join(sync.folder, 'status.json'), 'utf8'))).toMatchObject({
    healthy: true,
    queues: [{ name: 'reports', nodes: [{}, { name: 'analytics', lagSeconds: expect.any(Number) }] }],
  });
});

test('the configuration for functions has the same queue, and can be deployed', () => {
  const [local, deployed] = ['pgtide.yml', 'pgtide.deployed.yml'].map((file) =>
    loadConfig(join(sync.folder, file)),
  );
  expect(deployed?.queues).toEqual(local?.queues);
  expect(deployed && deploymentOf(deployed, sync.folder)).toEqual({ files: [], problems: [] });
});
