/** Guards that need a schedule made for them: each test here notices when its guard is broken. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { tickQueue } from '../../lib/pgq/ticker.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { inGap } from '../support/crash-hooks.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';
import { guards } from './guards.ts';

const top = join(import.meta.dirname, '../..');

let shop: CrashShop;
beforeAll(async () => {
  shop = await crashShop({ mode: 'replica mode' });
});

it('the text of each guard is in its file once', () => {
  for (const { file, breaks } of guards) {
    const text = readFileSync(join(top, file), 'utf8');
    for (const [found] of breaks) expect(text.split(found).length - 1, `${file}: ${found}`).toBe(1);
  }
});

it('the test that must notice each broken guard exists', async () => {
  const files = [...new Set(guards.map(({ noticedBy: [file] }) => file))];
  const { stdout: list } = await promisify(execFile)(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'list', ...files, '--json'],
    { cwd: top },
  );
  const tests: { name: string; file: string }[] = JSON.parse(list.slice(list.indexOf('[')));
  const isThere = ([file, names = '']: (typeof guards)[number]['noticedBy']) =>
    tests.some((test) => test.file === join(top, file) && new RegExp(names).test(test.name));
  expect(guards.map(({ noticedBy }) => noticedBy).filter((test) => !isThere(test))).toEqual([]);
});

const resyncStock = () => resync(shop.shop.context('old'), resyncInput.parse({ tables: ['stock'] }));
const stored = () =>
  shop.new.client((client) =>
    client.query<{ attempt: number; state: string }>(
      `select attempt, state from pgtide.copy_chunk where table_name = 'public.stock' and chunk_no = 0`,
    ),
  );

it('a chunk that another attempt has announced is not stored by the first: its rows are older', async () => {
  await resyncStock();
  // Another run takes the chunk over, as it does when its predecessor seems dead, and has not read it yet.
  const hook = inGap('chunk.copied', async () => {
    await shop.onNew(
      `update pgtide.copy_chunk set attempt = attempt + 1 where table_name = 'public.stock' and chunk_no = 0`,
    );
  });
  await copyWith(hook)(shop.shop.context('new')).catch(() => undefined);
  expect(hook.met).toBe(true);
  const [chunk] = await stored();
  expect(chunk).toMatchObject({ state: 'announced', attempt: 2 });
  await shop.settle();
});

it('a chunk of another generation is not stored, though its number and attempt are the same', async () => {
  await resyncStock();
  const hook = inGap('chunk.copied', async () => {
    await shop.onNew(
      `update pgtide.table_state set generation = generation + 1 where table_name = 'public.stock'`,
    );
  });
  await copyWith(hook)(shop.shop.context('new')).catch(() => undefined);
  expect(hook.met).toBe(true);
  const [chunk] = await stored();
  expect(chunk?.state).not.toBe('copied');
  await shop.settle();
});

it('a table is not ok before the position is past the snapshots of its chunks', async () => {
  await shop.work();
  await shop.tick();
  await resyncStock();
  // The batch ends before the copy. The copied rows hold later changes already, and the next batch brings these changes again.
  await shop.work();
  await copyWith({
    at: async (step) => {
      if (step === 'snapshot.taken') await shop.work();
    },
  })(shop.shop.context('new'));
  const phase = async () => {
    const [row] = await shop.new.client((client) =>
      client.query<{ phase: string }>(
        `select phase from pgtide.table_state where table_name = 'public.stock'`,
      ),
    );
    return row?.phase;
  };
  expect(await phase()).toBe('copying');
  await shop.new.client((client) =>
    client.transaction({}, async () => {
      await client.query(`create temp table pgtide_chunks on commit drop as select * from pgtide.copy_chunk`);
      const [settled] = await client.query<{ n: number }>(
        `select pgtide._settle_copies('shop', '1:1:') as n`,
      );
      expect(settled?.n, 'a tick before all of them').toBe(0);
    }),
  );
  expect(await phase()).toBe('catching-up');
  await shop.old.client((client) => tickQueue(client, 'shop'));
  await replay(shop.shop.context('new'));
  await shop.settle();
});

async function applied(sql: string): Promise<void> {
  await shop.onOld(sql);
  await shop.tick();
  await replay(shop.shop.context('new'));
  await shop.expectEqual();
}

it('a row that is inserted and changed in one batch is inserted, one that is deleted and inserted again is updated', async () => {
  await applied(
    `insert into stock values ('new', 1, 1, 'a'); update stock set amount = 2 where place = 'new'`,
  );
  await applied(
    `delete from stock where place = 'new'; insert into stock values ('new', 1, 3, 'b'); update stock set amount = 4 where place = 'new'`,
  );
  await applied(`insert into stock values ('newer', 1, 1, 'a'); delete from stock where place = 'newer'`);
});

it('keys that repeat late in a large slice of updates get their last image', async () => {
  await applied(
    `insert into orders select -i, min(customer.id), 0, 'n' from customer, generate_series(1, 8000) i group by i`,
  );
  await applied(`update orders set total = 1 where id < 0; update orders set total = 2 where id = -1700`);
});

it('unique values that move between rows in one batch are applied in the exact order', async () => {
  await applied(`insert into customer values (-1, 'one', 'one@y'), (-2, 'two', 'two@y')`);
  await applied(`update customer set email = 'free@y' where id = -1; update customer set email = 'one@y' where id = -2;
    update customer set email = 'two@y' where id = -1`);
});
