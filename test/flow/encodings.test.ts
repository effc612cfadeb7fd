/**
 * Databases of different encodings: characters that both can write are replicated. A row that the other one cannot write
 * holds up its own table alone.
 */
import { expect, it } from 'vitest';
import { install } from '../../lib/units/install.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { cascade } from '../support/unit-context.ts';

it.each([
  {
    from: 'UTF8',
    to: 'LATIN1',
    foreign: `chr(9731)`,
    reason: 'it holds a character that the encoding LATIN1 does not have',
  },
  {
    from: 'SQL_ASCII',
    to: 'UTF8',
    foreign: `convert_from('\\xe4'::bytea, 'SQL_ASCII')`,
    reason: 'it holds a character that the encoding UTF8 does not have',
  },
])('from $from to $to', async ({ from, to, foreign, reason }) => {
  const provider = await createDatabase(await postgres(13), { encoding: from });
  const subscriber = await createDatabase(await postgres(17), { encoding: to });
  const shop = cascade('shop', { old: provider, new: subscriber });
  await install(shop.context('old'), {});
  for (const database of [provider, subscriber])
    await database.client((client) =>
      client.query(
        'create table t (id int primary key, v text); create table u (id int primary key, v text)',
      ),
    );
  const pair = { old: provider, new: subscriber, shop, both: async () => undefined };
  const rows = (table: string) =>
    subscriber.client((client) => client.query(`select id, v from ${table} order by id`));
  await addTables(pair, ['t', 'u']);
  await followUntilSynced(pair);
  const write = (sql: string) => provider.client((client) => client.query(sql));
  await write(`insert into t values (1, 'ä'); insert into u values (1, 'ä')`);
  await replayAll(pair);
  await write(
    `insert into t select 2, ${foreign}; insert into u values (2, 'é'); update t set v = 'x' where id = 1`,
  );
  await replayAll(pair);
  await write(`insert into t select 3, ${foreign}; insert into u values (3, 'è')`);
  await replayAll(pair);
  expect(await rows('t')).toEqual([{ id: 1, v: 'ä' }]);
  expect(await rows('u')).toEqual([1, 2, 3].map((id) => ({ id, v: ['ä', 'é', 'è'][id - 1] })));
  const errors = await subscriber.client((client) =>
    client.query('select table_name as name, error from pgtide.table_state where error is not null'),
  );
  expect(errors).toEqual([{ name: 'public.t', error: expect.stringContaining(reason) }]);
});
