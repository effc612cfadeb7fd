/**
 * Events that cannot be read, or do not reach the subscriber unchanged (too large, not in its encoding). A row event sets
 * its table aside or waits for its copy, another event is set aside with the reason, and replay of the others goes on.
 */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { install } from '../../lib/units/install.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { aside, commands, row, send, setAside, shopWith, write } from '../support/unhandled.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';

const SECRET = 'alice-4711';

describe('a row event that cannot be read', () => {
  it('sets its table aside, whatever its form, and others go on', async () => {
    const pair = await installedPair({ provider: 15, subscriber: 14 });
    const cases: [table: string, type: string, data: string | null][] = [
      ['type_no_json', '{"op":"INSERT"', '{"id":5,"v":"x"}'],
      ['operation_unknown', '{"op":"MERGE","pkey":["id"]}', '{"id":5}'],
      ['type_nonsense', '{nonsense', '{"id":5}'],
      ['no_data', row('INSERT', 't'), null],
      ['data_no_json', row('INSERT', 't'), SECRET],
      ['data_list', row('UPDATE', 't'), '[1]'],
      ['data_deep', row('UPDATE', 't'), '['.repeat(100_000)],
      ['key_unknown', row('DELETE', 't').replace('"id"', '"id","other"'), '{"id":1}'],
    ];
    const tables = cases.map(([table]) => table);
    await pair.both(
      [...tables, 'u'].map((table) => `create table ${table} (id int primary key, v text);`).join(''),
    );
    await addTables(pair, [...tables, 'u']);
    await followUntilSynced(pair);
    for (const table of tables) await write(pair, `insert into ${table} values (1, 'a')`);
    for (const [table, type, data] of cases) await send(pair, type, data, `public.${table}`);
    await write(pair, `insert into u values (2, 'b')`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['u']);
    expect((await setAside(pair)).map(({ name }) => name)).toEqual(
      tables.map((table) => `public.${table}`).sort(),
    );
    expect(await aside(pair)).toEqual([]);
  });

  it('belongs to a table in copy: its table waits, others go on', async () => {
    const pair = await installedPair({ provider: 15, subscriber: 14 }, { copy: { chunkBytes: 64 * 1024 } });
    await pair.both(
      'create table t (id int primary key, v text); create table u (id int primary key, v text)',
    );
    await write(pair, `insert into t select i, repeat('x', 700) from generate_series(1, 300) i; analyze t`);
    await addTables(pair, ['u']);
    await followUntilSynced(pair);
    await addTables(pair, ['t']);
    const at = async (step: string) => {
      if (step !== 'copy.planned') return;
      for (const data of ['no json', '{"id":"no number"}', '[]'])
        await send(pair, row('UPDATE', 't'), data, 'public.t');
      await write(pair, `insert into u values (1, 'a')`);
      await replayAll(pair);
    };
    await copyWith({ at })(pair.shop.context('new'));
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['u']);
    expect(await setAside(pair)).toMatchObject([{ name: 'public.t' }]);
  });
});

describe('an event that the subscriber does not get as it is', () => {
  const large = 'x'.repeat(1_000_001);
  const limit = (pair: InstalledPair) =>
    pair.old.superuser((client) =>
      client.query(`alter database ${pair.old.name} set pgtide.max_event_bytes = '1000000'`),
    );

  it('is set aside with the reason; one that only has that type is not', async () => {
    const pair = await shopWith();
    await limit(pair);
    const ids = [await send(pair, 'hello', large), await send(pair, 'pgtide:unsendable', SECRET)];
    await replayAll(pair);
    expect(await aside(pair)).toMatchObject([
      { id: ids[0], reason: expect.stringMatching(/^it is larger than \d+ kB$/), data: null },
      { id: ids[1], reason: 'its type is unknown', data: SECRET },
    ]);
  });

  it('stops replay nevertheless if it is EXECUTE', async () => {
    const pair = await shopWith();
    await limit(pair);
    const id = await send(pair, 'EXECUTE', large, 'file.sql');
    await expect(replayAll(pair)).rejects.toThrow(
      new RegExp(`event ${id} .*it runs SQL.*; it is larger than`),
    );
    await commands(pair)('pass-events', 'shop', String(id));
    await replayAll(pair);
    expect(await aside(pair)).toEqual([]);
  });
});

it('an event without a form in the encoding of the subscriber is set aside, and a table whose name has none is left out', async () => {
  const provider = await createDatabase(await postgres(13), { encoding: 'UTF8' });
  const subscriber = await createDatabase(await postgres(17), { encoding: 'LATIN1' });
  const shop = cascade('shop', { old: provider, new: subscriber });
  await install(shop.context('old'), {});
  const pair = { old: provider, new: subscriber, shop, both: async () => undefined };
  for (const database of [provider, subscriber])
    await database.client((client) => client.query('create table t (id int primary key, v text)'));
  await addTables(pair, ['t']);
  await followUntilSynced(pair);
  const ids = [
    await send(pair, 'hello', '☃'),
    await send(pair, '☃', 'x'),
    await send(pair, 'pgq.global-watermark', '1', '☃'),
  ];
  const reason = 'it holds a character that the encoding LATIN1 does not have';
  await send(pair, row('INSERT', '☃'), '{"id":1}', 'public.☃');
  await write(pair, `insert into t values (1, 'ä')`);
  await replayAll(pair);
  expect(await aside(pair)).toMatchObject(ids.map((id) => ({ id, reason, data: null })));
  const stop = await send(pair, 'EXECUTE', '☃', 'file.sql');
  await expect(replayAll(pair)).rejects.toThrow(new RegExp(`event ${stop} .*it runs SQL.*; ${reason}`));
  expect(await subscriber.client((client) => client.query('select * from t'))).toEqual([{ id: 1, v: 'ä' }]);
});
