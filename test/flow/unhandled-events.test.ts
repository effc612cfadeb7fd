/**
 * Events that replay cannot handle do not stop it for good: by policy they are set aside whole, exactly once, or replay stops at
 * them until an operator passes them. What they say never reaches status or errors.
 */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { install } from '../../lib/units/install.ts';
import { replayWith } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { pgtide, writeConfig } from '../support/command-line.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';

const SECRET = 'alice-4711';

async function shopWith(tuning: Record<string, unknown> = {}): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 15, subscriber: 10 }, tuning);
  await pair.both('create table t (id int primary key, v text); create table u (id int primary key, v text)');
  await addTables(pair, ['t', 'u']);
  await followUntilSynced(pair);
  return pair;
}

const write = (pair: InstalledPair, sql: string, values: unknown[] = []) =>
  pair.old.client((client) => client.query(sql, values));

async function send(pair: InstalledPair, ...fields: (string | null)[]): Promise<bigint> {
  const [type = null, data = null, ...extra] = fields;
  const [row] = await pair.old.client((client) =>
    client.query<{ id: bigint }>(`select pgq.insert_event('shop', $1, $2, $3, $4, $5, $6) as id`, [
      type,
      data,
      ...[0, 1, 2, 3].map((i) => extra[i] ?? null),
    ]),
  );
  return row?.id ?? 0n;
}

const aside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ id: bigint; state: string; reason: string; type: string | null; data: string | null }>(
      'select ev_id as id, state, reason, ev_type as type, ev_data as data from pgtide.unhandled_event order by 1',
    ),
  );

async function problems(pair: InstalledPair) {
  const { result } = await status(pair.shop.context('old'), {});
  return { healthy: result.healthy, problems: result.queues[0]?.nodes[1]?.problems ?? [] };
}

const setAside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ name: string; error: string }>(
      'select table_name as name, error from pgtide.table_state where error is not null order by 1',
    ),
  );

function commands(pair: InstalledPair, tuning = '') {
  const config = writeConfig(
    `nodes:\n  old: { url: "${pair.old.url}" }\n  new: { url: "${pair.new.url}" }\nqueues:\n  shop: { root: old, leaves: [new]${tuning} }\n`,
  );
  return (...args: string[]) => pgtide(args, { PGTIDE_CONFIG: config });
}

const row = (op: string, table: string) => `{"op":"${op}","table":["public","${table}"],"pkey":["id"]}`;

describe('an event that replay cannot handle', () => {
  const cases: [what: string, fields: (string | null)[]][] = [
    ['of an unknown type', ['hello', SECRET]],
    ['without a type', [null, SECRET]],
    ['without anything', [null, null]],
    ['of an empty type', ['', '']],
    ['whose type is half a JSON document', ['{"op":"INS', SECRET]],
    ['of an unknown operation and no table', ['{"op":"MERGE"}', SECRET]],
    ['that is a row event without a table', [row('INSERT', 't'), '{"id":1}']],
    ['that truncates nothing', ['R', '', null]],
    ['of PgQ without a table', ['I', `(id) values ('${SECRET}')`]],
    ['whose table has a name longer than any', [row('DELETE', 't'), '{"id":1}', 'x'.repeat(5000)]],
    ['pgq.*, of another queue', ['pgq.global-watermark', '1', 'other']],
    ['pgq.*, of no queue', ['pgq.global-watermark', '1']],
    ['pgq.*, whose tick is no number', ['pgq.global-watermark', SECRET, 'shop']],
    ['pgq.*, that nobody knows', ['pgq.whatever', SECRET, 'shop']],
    ['pgq.location-info without a node', ['pgq.location-info', null, 'shop', 'x', 'false']],
    ['pgq.location-info with a flag that is none', ['pgq.location-info', 'n', 'shop', 'x', SECRET]],
    ['londiste.*, that nobody knows', ['londiste.whatever', SECRET]],
    ['londiste.update-seq whose value is none', ['londiste.update-seq', SECRET, 'public.s']],
    ['londiste.add-table without a table', ['londiste.add-table', null]],
    ['whose type is a page long', [`long ${SECRET}\n`.repeat(300), SECRET]],
  ];

  it('is set aside, of whatever form, and the rows around it arrive', async () => {
    const pair = await shopWith();
    await write(pair, `insert into t values (1, 'before')`);
    const sent: { what: string; id: bigint; type: string | null; data: string | null }[] = [];
    for (const [what, [type = null, data = null, ...extra]] of cases)
      sent.push({ what, id: await send(pair, type, data, ...extra), type, data });
    await write(pair, `insert into u values (2, 'after')`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t', 'u']);
    const kept = await aside(pair);
    const expected = sent.map(({ what, id, type, data }) => ({ what, id, state: 'aside', type, data }));
    expect(
      kept.map(({ reason: _, ...event }) => ({
        what: sent.find(({ id }) => id === event.id)?.what,
        ...event,
      })),
    ).toEqual(expected);
    const told = await problems(pair);
    expect(told.healthy).toBe(false);
    expect(told.problems.find(({ code }) => code === 'event-set-aside')).toMatchObject({
      message: expect.stringContaining(
        `${sent.length} events that replay cannot handle are set aside, the first event ${sent[0]?.id} (type "hello")`,
      ),
      remedy: expect.stringContaining('pgtide pass-events shop --all'),
    });
    expect(JSON.stringify(told.problems)).not.toContain(SECRET);
    await replayAll(pair);
    expect(await aside(pair)).toEqual(kept);
  });

  it('is kept once, also when the run dies before or after its commit', async () => {
    const pair = await shopWith();
    const id = await send(pair, 'hello', 'x');
    await write(pair, `insert into t values (1, 'a')`);
    await tickNow(pair);
    for (const gap of ['rows.applied', 'position.advanced', 'commit.before-finish'] as const) {
      const dies = replayWith({
        at: (step) => {
          if (step === gap) throw new Error(`died at ${gap}`);
        },
      });
      await expect(dies(pair.shop.context('new'))).rejects.toThrow(`died at ${gap}`);
      expect(await aside(pair)).toHaveLength(gap === 'commit.before-finish' ? 1 : 0);
    }
    await replayAll(pair);
    expect(await aside(pair)).toMatchObject([{ id }]);
    await expectEqual(pair.old, pair.new, ['t']);
  });

  it('is listed, and passed, by commands; then status is healthy', async () => {
    const pair = await shopWith();
    const run = commands(pair);
    const ids = [
      await send(pair, 'hello', 'x'),
      await send(pair, '\u001b[31mred', 'y'),
      await send(pair, 'hello', 'z'),
    ];
    await replayAll(pair);
    const listed = await run('events', 'shop');
    expect(listed).toMatchObject({ status: 1 });
    for (const id of ids) expect(listed.out).toContain(String(id));
    expect(listed.out).not.toContain('\u001b');
    const json = JSON.parse((await run('events', 'shop', '--node', 'new', '--json')).out);
    expect(json.nodes).toMatchObject([
      { node: 'new', events: [{ id: Number(ids[0]), type: 'hello', data: 'x', state: 'aside' }, {}, {}] },
    ]);
    expect(await run('pass-events', 'shop', String(ids[0]), '--node', 'new')).toMatchObject({ status: 0 });
    expect((await aside(pair)).map(({ id }) => id)).toEqual(ids.slice(1));
    expect((await problems(pair)).healthy).toBe(false);
    expect(await run('pass-events', 'shop', '--all')).toMatchObject({ status: 0 });
    expect(await aside(pair)).toEqual([]);
    expect((await problems(pair)).healthy).toBe(true);
    expect(await run('events', 'shop')).toMatchObject({ status: 0 });
    expect(await run('pass-events', 'shop')).toMatchObject({ status: 2 });
    expect(await run('events', 'shop', '--node', 'old')).toMatchObject({ status: 1 });
  });

  it('in a flood does not fill the subscriber: a thousand are kept, the rest are counted', async () => {
    const pair = await shopWith();
    await write(
      pair,
      `select pgq.insert_event('shop', 'flood ' || i, repeat('x', 100), repeat(md5(i::text), 100), null, null, null)
                       from generate_series(1, 1500) i; insert into t values (1, 'a')`,
    );
    await send(pair, 'large', 'x'.repeat(1_000_000));
    await replayAll(pair);
    expect(await aside(pair)).toHaveLength(1000);
    expect((await problems(pair)).problems).toContainEqual(
      expect.objectContaining({
        code: 'event-set-aside',
        message: expect.stringMatching(/^new: 1501 events.*501 of them/),
      }),
    );
    await expectEqual(pair.old, pair.new, ['t']);
    await commands(pair)('pass-events', 'shop', '--all');
    expect((await problems(pair)).healthy).toBe(true);
  });
});

describe('a row event that cannot be read', () => {
  it('sets its table aside, of whatever form, and others go on', async () => {
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

describe('where the policy is to stop', () => {
  it('replay stops at the event, status names it with the command, and passing lets replay go past it alone', async () => {
    const pair = await shopWith({ onUnknownEvent: 'stop' });
    const run = commands(pair, ', onUnknownEvent: stop');
    const [first, second] = [await send(pair, `hello ${SECRET}`, SECRET), await send(pair, 'hello', 'y')];
    await write(pair, `insert into t values (1, 'a')`);
    await expect(replayAll(pair)).rejects.toThrow(`event ${first} `);
    const told = await problems(pair);
    expect(told.healthy).toBe(false);
    expect(
      told.problems.filter(({ code }) => code.startsWith('replay-') || code.startsWith('event-')),
    ).toMatchObject([
      {
        code: 'event-stopped',
        message: expect.stringContaining(`event ${first}`),
        remedy: expect.stringContaining(`pgtide pass-events shop ${first} --node new`),
      },
    ]);
    expect(JSON.stringify(told)).not.toContain(SECRET);
    expect((await run('events', 'shop')).out).toContain(String(first));
    expect(await run('pass-events', 'shop', String(first))).toMatchObject({ status: 0 });
    await expect(replayAll(pair)).rejects.toThrow(`event ${second} `);
    expect(await run('pass-events', 'shop', '--all')).toMatchObject({ status: 0 });
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t']);
    expect((await problems(pair)).healthy).toBe(true);
    expect(await aside(pair)).toEqual([]);
  });

  it('an event that was passed before the run is passed once, and so is a control event that fails', async () => {
    const pair = await shopWith({ onUnknownEvent: 'stop' });
    const id = await send(pair, 'pgq.global-watermark', 'none', 'shop');
    await commands(pair, ', onUnknownEvent: stop')('pass-events', 'shop', String(id));
    await write(pair, `insert into t values (1, 'a')`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t']);
    expect(await aside(pair)).toEqual([]);
    expect((await problems(pair)).healthy).toBe(true);
  });

  it('EXECUTE stops also where others are set aside, since later rows may need what it does', async () => {
    const pair = await shopWith();
    const id = await send(pair, 'EXECUTE', 'alter table t add w int', 'file.sql');
    const other = await send(pair, 'hello', 'x');
    await write(pair, `insert into t values (1, 'a')`);
    await expect(replayAll(pair)).rejects.toThrow(`event ${id} `);
    await commands(pair)('pass-events', 'shop', String(id));
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t']);
    expect(await aside(pair)).toMatchObject([{ id: other, state: 'aside' }]);
  });

  it('a pass of an event that can be handled is used up when the event is met', async () => {
    const pair = await shopWith();
    const id = await send(pair, 'pgq.global-watermark', '1', 'shop');
    const later = id + 1000n;
    expect(await commands(pair)('pass-events', 'shop', String(id), String(later))).toMatchObject({
      status: 0,
    });
    await replayAll(pair);
    expect(await aside(pair)).toMatchObject([{ id: later, state: 'passed' }]);
  });
});

describe('an event that the subscriber does not get as it is', () => {
  const large = 'x'.repeat(1_000_001);
  const limit = (pair: InstalledPair) =>
    pair.old.superuser((client) =>
      client.query(`alter database ${pair.old.name} set pgtide.max_event_bytes = '1000000'`),
    );

  it('is set aside with the reason; one that is only called so has no say', async () => {
    const pair = await shopWith();
    await limit(pair);
    const ids = [await send(pair, 'hello', large), await send(pair, 'pgtide:unsendable', SECRET)];
    await replayAll(pair);
    expect(await aside(pair)).toMatchObject([
      { id: ids[0], reason: expect.stringMatching(/^it is larger than \d+ kB$/), data: null },
      { id: ids[1], reason: 'its type is unknown', data: SECRET },
    ]);
  });

  it('stops replay all the same where it is EXECUTE', async () => {
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
