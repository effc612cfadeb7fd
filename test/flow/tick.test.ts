/** tick: a queue is ticked when it is due. On a database that is not a node, the error names the command to run. */
import { beforeAll, expect, test } from 'vitest';
import { install } from '../../lib/units/install.ts';
import { tick } from '../../lib/units/tick.ts';
import { pair, type TestDatabase } from '../support/database.ts';
import { cascade, type TestCascade } from '../support/unit-context.ts';

let old: TestDatabase;
let shop: TestCascade;

beforeAll(async () => {
  const { provider, subscriber } = await pair({ provider: 17, subscriber: 17 });
  old = provider;
  shop = cascade('shop', { old: provider, new: subscriber }, { tickSeconds: 0, idleTickSeconds: 3600 });
});

test('a queue that is not installed says how to install it', async () => {
  await expect(tick(shop.context('old'))).rejects.toMatchObject({
    kind: 'not-found',
    message: 'old: this database is not a node of the queue shop',
    remedy: 'run: pgtide init shop',
  });
});

test('a queue with new events is ticked', async () => {
  await install(shop.context('old'), {});
  await old.client((client) => client.query(`select pgq.insert_event('shop', 't', 'd')`));
  expect(await tick(shop.context('old'))).toEqual({ kind: 'applied' });
  expect(shop.counts.get('ticks')).toBe(1);
  expect(shop.gauges.get('tickerLagSeconds')).toBeLessThan(10);
});

test('a queue that is not due is idle', async () => {
  const rare = cascade('shop', { old, new: old }, { leaves: [], tickSeconds: 3000 });
  await install(rare.context('old'), {});
  await old.client((client) => client.query(`select pgq.insert_event('shop', 't', 'd')`));
  expect(await tick(rare.context('old'))).toEqual({ kind: 'idle' });
});
