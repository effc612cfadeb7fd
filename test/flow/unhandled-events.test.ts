/**
 * Events that replay cannot handle do not stop it for good. By policy they are set aside whole, exactly once, or replay
 * stops at them until an operator passes them. Their content never reaches status or errors.
 */
import { describe, expect, it } from 'vitest';
import { freePort } from '../../lib/demo/postgres-server.ts';
import { replayWith } from '../../lib/units/replay.ts';
import { replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { aside, burn, commands, problems, row, send, shopWith, write } from '../support/unhandled.ts';

const SECRET = 'alice-4711';

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
    ['pgq.*, of an unknown type', ['pgq.whatever', SECRET, 'shop']],
    ['pgq.location-info without a node', ['pgq.location-info', null, 'shop', 'x', 'false']],
    ['pgq.location-info with a flag that is none', ['pgq.location-info', 'n', 'shop', 'x', SECRET]],
    ['londiste.*, of an unknown type', ['londiste.whatever', SECRET]],
    ['londiste.update-seq whose value is none', ['londiste.update-seq', SECRET, 'public.s']],
    ['londiste.add-table without a table', ['londiste.add-table', null]],
    ['whose type is a page long', [`long ${SECRET}\n`.repeat(300), SECRET]],
  ];

  it('is set aside, whatever its form, and the rows around it arrive', async () => {
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
    const found = await problems(pair);
    expect(found.healthy).toBe(false);
    expect(found.problems.find(({ code }) => code === 'event-set-aside')).toMatchObject({
      message: expect.stringContaining(
        `${sent.length} events that replay cannot handle are set aside, the first event ${sent[0]?.id} (type "hello")`,
      ),
      remedy: expect.stringContaining('pgtide pass-events shop --all'),
    });
    expect(JSON.stringify(found.problems)).not.toContain(SECRET);
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

  it('a thousand are kept on the subscriber, the rest are counted', async () => {
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

describe('where the policy is to stop', () => {
  it('replay stops at the event, status names it with the command, and passing lets replay go past it alone', async () => {
    const pair = await shopWith({ onUnknownEvent: 'stop' });
    const run = commands(pair, ', onUnknownEvent: stop');
    const [first, second] = [await send(pair, `hello ${SECRET}`, SECRET), await send(pair, 'hello', 'y')];
    await write(pair, `insert into t values (1, 'a')`);
    await expect(replayAll(pair)).rejects.toThrow(`event ${first} `);
    const found = await problems(pair);
    expect(found.healthy).toBe(false);
    expect(
      found.problems.filter(({ code }) => code.startsWith('replay-') || code.startsWith('event-')),
    ).toMatchObject([
      {
        code: 'event-stopped',
        message: expect.stringContaining(`event ${first}`),
        remedy: expect.stringContaining(`pgtide pass-events shop ${first} --node new`),
      },
    ]);
    expect(JSON.stringify(found)).not.toContain(SECRET);
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

  it('a pass of an event that can be handled is used up when replay reaches the event', async () => {
    const pair = await shopWith();
    const id = await send(pair, 'pgq.global-watermark', '1', 'shop');
    const unborn = await burn(pair);
    expect(await commands(pair)('pass-events', 'shop', String(id), String(unborn))).toMatchObject({
      status: 0,
    });
    await replayAll(pair);
    expect(await aside(pair)).toMatchObject([{ id: unborn, state: 'passed' }]);
  });
});

describe('a pass', () => {
  it('is refused to an id that the queue has not given out, and then none of the others is passed', async () => {
    const pair = await shopWith();
    const run = commands(pair);
    const last = await send(pair, 'hello', 'x');
    for (const wrong of [String(last + 1n), '0', '9999999999999999999'])
      expect(await run('pass-events', 'shop', String(last), wrong)).toEqual({
        status: 1,
        out: '',
        err: `error: old: the queue shop has not given out event ${wrong}: its last is ${last}\nfix: name events as \`pgtide events shop\` and \`pgtide status shop\` show them\n`,
      });
    expect(await aside(pair)).toEqual([]);
    expect(await run('pass-events', 'shop', String(last))).toMatchObject({ status: 0 });
    expect(await aside(pair)).toMatchObject([{ id: last, state: 'passed' }]);
  });

  it('needs the root for an event that no leaf has met, and says so; it needs none for the others', async () => {
    const pair = await shopWith();
    const met = await send(pair, 'hello', 'x');
    await replayAll(pair);
    const port = await freePort();
    const run = commands(pair, '', `postgres://app@127.0.0.1:${port}/shop`);
    const { status, err } = await run('pass-events', 'shop', String(met), String(met + 1n));
    expect(status).toBe(1);
    expect(err).toMatch(
      new RegExp(
        `^error: no leaf has met event ${met + 1n}, and old cannot tell whether there is one: old .*ECONNREFUSED.*\\nfix: check that the server runs`,
      ),
    );
    expect(await aside(pair)).toMatchObject([{ id: met, state: 'aside' }]);
    expect(await run('pass-events', 'shop', String(met))).toMatchObject({ status: 0 });
    expect(await aside(pair)).toEqual([]);
  });

  it('is listed while its event has not been met, and can be taken back', async () => {
    const pair = await shopWith({ onUnknownEvent: 'stop' });
    const run = commands(pair, ', onUnknownEvent: stop');
    const [first, second] = [await send(pair, 'hello', 'x'), await send(pair, 'hello', 'y')];
    await expect(replayAll(pair)).rejects.toThrow(`event ${first} `);
    await run('pass-events', 'shop', String(first), String(second));
    const listed = await run('events', 'shop');
    expect(listed).toMatchObject({ status: 0 });
    expect(listed.out).toMatch(
      new RegExp(`${first} .*replay will go past it[^]*${second} .*replay will go past it`),
    );
    expect(await run('pass-events', 'shop', String(second), '--undo')).toMatchObject({
      status: 0,
      out: 'new: 1 pass taken back\n',
    });
    expect(await run('pass-events', 'shop', '--all', '--undo', '--json')).toMatchObject({
      out: '{"queue":"shop","nodes":[{"node":"new","undone":1}]}\n',
    });
    expect(await run('pass-events', 'shop', '--all', '--undo')).toMatchObject({
      status: 0,
      out: 'new: 0 passes taken back\n',
    });
    expect(await aside(pair)).toEqual([]);
    await expect(replayAll(pair)).rejects.toThrow(`event ${first} `);
  });
});
