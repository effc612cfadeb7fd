/**
 * C1, C2: Londiste merges tables of two sources into one node, with databases that have only our SQL: add-table
 * --merge-all, copies from both sources at the same time, and a combined queue. Needs Debian's pgqd and python3-londiste;
 * skipped, with a message, if they are missing.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { LondisteNodes, PATIENCE_MS } from '../support/londiste.ts';
import { peersAreMissing } from '../support/peers.ts';

describe.skipIf(peersAreMissing())('Londiste, on our SQL', { timeout: 3 * PATIENCE_MS }, () => {
  const sources = ['one', 'two'];
  let nodes: LondisteNodes;
  beforeAll(async () => {
    nodes = new LondisteNodes();
    for (const name of [...sources, 'full'])
      await nodes.createDatabase(
        name,
        'create table orders (id int primary key, note text); create index on orders (note)',
      );
    nodes.configure('all', 'full', 'all');
    await nodes.run('all', 'create-root', 'all', nodes.connectString('full'));
    for (const source of sources) {
      nodes.configure(source, source, `part_${source}`);
      nodes.configure(`merge_${source}`, 'full', `part_${source}`);
      await nodes.run(source, 'create-root', source, nodes.connectString(source));
      await nodes.run(
        `merge_${source}`,
        'create-leaf',
        `merge_${source}`,
        nodes.connectString('full'),
        `--provider=${nodes.connectString(source)}`,
        '--merge=all',
      );
    }
    await nodes.tickOften(...sources, 'full');
    nodes.startPgqd(...sources, 'full');
    nodes.startWorkers('all', ...sources, ...sources.map((source) => `merge_${source}`));
  }, 4 * PATIENCE_MS);

  test('a table of two sources is copied from both, and follows both', async () => {
    for (const [i, source] of sources.entries()) {
      await nodes.query(source, `insert into orders select $1 + n, 'copied' from generate_series(1, 50) n`, [
        i * 1000,
      ]);
      await nodes.run(source, 'add-table', 'orders');
    }
    await nodes.run('merge_one', 'add-table', 'orders', '--merge-all');
    for (const source of sources) await nodes.ok(`merge_${source}`, 'public.orders');
    expect(await nodes.run('all', 'tables')).toMatch(/^public\.orders +ok /m);
    for (const [i, source] of sources.entries())
      await nodes.query(source, `insert into orders values ($1, 'followed')`, [i * 1000 + 900]);
    await nodes.query('two', `delete from orders where id = 1001`);
    await nodes.count('full', `select 1 from orders where note = 'followed'`, 2);
    await nodes.count('full', 'select 1 from orders', 101);
    expect(
      await nodes.query('full', `select count(*)::int as n from pg_indexes where tablename = 'orders'`),
    ).toEqual([{ n: 2 }]);
  });

  test('the combined queue has the changes of both', () =>
    nodes.count(
      'full',
      `select 1 from pgq.event_template where ev_extra1 = 'public.orders' and ev_data ~ 'followed'`,
      2,
    ));
});
