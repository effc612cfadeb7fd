/** The cost of claiming a chunk, counted in blocks, which do not depend on the machine's load. */
import { expect, it } from 'vitest';
import { addTables } from '../support/follow.ts';
import { installedPair } from '../support/unit-context.ts';

const CHUNKS = 10_000;
/**
 * The row, the indexes that lead to it, and those that lead to its new version. All open chunks would take 170 blocks and
 * their index.
 */
const FEW = 60;

interface Explained {
  'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }];
}

it.each([10, 18])(
  'PostgreSQL %i claims the next of very many chunks by reading a few rows',
  async (subscriber) => {
    const pair = await installedPair({ provider: 13, subscriber });
    await pair.both('create table item (id int primary key)');
    await addTables(pair, ['item']);
    await pair.new.client(async (client) => {
      await client.query(
        `select pgtide.begin_copy('shop', 'public.item', (select jsonb_agg(jsonb_build_array(n::text)) from generate_series(1, ${CHUNKS}) n), 1)`,
      );
      const blocks = async () => {
        const row = await client.first<Explained>(
          `explain (analyze, buffers, format json) select * from pgtide.announce_chunk('shop', '-infinity')`,
        );
        const { Plan: plan } = row?.['QUERY PLAN'][0] ?? {};
        if (!plan) throw new Error('no plan');
        return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      };
      const looks = [];
      for (let look = 0; look < 5; look++) looks.push(await blocks());
      expect(Math.min(...looks)).toBeLessThan(FEW);
    });
  },
);
