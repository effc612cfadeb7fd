/**
 * Keys of every type that a key can have: cut into chunks, copied while rows and keys change, and followed. The provider
 * decides to which chunk a key belongs, whatever its type.
 */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

const definitions = `
  create domain natural_number as int check (value >= 0);
  create domain code as varchar(12) collate "C";
  create domain numbers as int[];
  create type pair as (a int, b text);
  create type mood as enum ('sad', 'it''s ok', 'happy', 'NULL');
  create domain feeling as mood;`;

/** A type, and its value for the whole number \`i\`; distinct for distinct numbers up to 500. */
const singles: [type: string, value: string, since?: number][] = [
  ['int2', 'i'],
  ['bigint', 'i * 5000000000'],
  ['numeric', 'i / 7.0'],
  ['numeric(12,3)', 'i / 8.0'],
  ['real', 'i / 8.0'],
  ['float8', "case when i = 3 then '-infinity'::float8 when i = 5 then 'NaN' else (250 - i) / 16.0 end"],
  ['text', `'ä"\\ ' || i`],
  ['text collate "C"', `chr(1 + i) || '☃'`],
  ['varchar(9)', 'i'],
  ['char(8)', 'i'],
  ['name', 'i'],
  ['bytea', `decode(lpad(to_hex(i), 4, '0') || '00ff', 'hex')`],
  ['date', `'0010-01-01 BC'::date + i * 1000`],
  ['timestamp', `'2020-01-01'::timestamp + i * interval '1 day 0.000001 s'`],
  [
    'timestamptz',
    `case when i = 4 then 'infinity' else '2020-01-01'::timestamptz - i * interval '1 year' end`,
  ],
  ['time', `'00:00'::time + i * interval '0.01 s'`],
  ['timetz', `('00:00'::time + i * interval '7 s')::time at time zone 'UTC'`],
  ['interval', `i * interval '1 mon -1 day'`],
  ['uuid', 'md5(i::text)::uuid'],
  ['inet', `'10.0.0.0/8'::inet + i`],
  ['cidr', `('10.' || i % 256 || '.' || i / 256 || '.0/24')::cidr`],
  ['macaddr', `('08:00:2b:00:' || i / 256 || ':' || to_hex(i % 256))::macaddr`],
  ['oid', '(i + 4000000000)::oid'],
  ['money', '(i - 250)::numeric::money'],
  ['bit(12)', 'i::bit(12)'],
  ['varbit', 'i::bit(12)::varbit'],
  ['jsonb', `jsonb_build_object('i', i, 'z', 'x')`],
  ['int4[]', 'array[i % 7, i]'],
  ['text[]', `array['a "', null, i::text]`],
  ['int4range', 'int4range(i % 5, 10 + i)'],
  ['pair', `row(i % 5, i)::pair`],
  ['natural_number', 'i'],
  ['code', 'i'],
  ['numbers', 'array[i]'],
  ['tsvector', `to_tsvector('simple', 'x' || i)`],
  ['pg_lsn', `('0/' || to_hex(i))::pg_lsn`],
  ['int4multirange', 'int4multirange(int4range(1, 2), int4range(10, 11 + i))', 14],
  ['xid8', 'i::text::xid8', 13],
];

describe.each([
  { provider: 10, subscriber: 17, every: 1 },
  // Types that version 10 lacks, and a sample of the others.
  { provider: 18, subscriber: 14, every: 4 },
])('from PostgreSQL $provider to $subscriber', (versions) => {
  it('copies and follows tables with keys of every type while keys change', async () => {
    const least = Math.min(versions.provider, versions.subscriber);
    const kinds = singles.filter(
      ([, , since = 0], nr) => since <= least && (since > 0 || nr % versions.every === 0),
    );
    const pair = await installedPair(versions, { copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } });
    await pair.both(definitions);
    const tables = [...kinds.keys()].map((nr) => `key_${nr}`);
    const create = kinds.map(
      ([type], nr) => `create table key_${nr} (k ${type} primary key, i int, v int, pad text);`,
    );
    const fill = kinds.map(
      ([type, value], nr) =>
        `insert into key_${nr} select (${value})::${type.replace(/ collate.*/, '')}, i, 0, repeat('x', 900) from generate_series(1, 160) i;`,
    );
    await pair.both(`${create.join('\n')}
      create table mixed (m mood, "N n" numeric, t text collate "C", i int, v int, pad text, primary key (t, m, "N n"));
      create table flags (b bool, i int, f feeling, v int, pad text, primary key (b, i, f))`);
    tables.push('mixed', 'flags');
    await pair.old.client((client) =>
      client.query(`${fill.join('\n')}
        insert into mixed select (array['sad', 'it''s ok', 'happy', 'NULL'])[1 + i % 4]::mood, i / 3.0, 'T' || i % 3, i, 0, repeat('x', 900) from generate_series(1, 160) i;
        insert into flags select i % 2 = 0, i, (array['sad', 'happy'])[1 + i % 2]::mood, 0, repeat('x', 900) from generate_series(1, 160) i;`),
    );
    await addTables(pair, tables);
    let round = 0;
    const change = async (changed = tables) => {
      round++;
      const values = new Map(
        kinds.map(([type, value], nr) => [`key_${nr}`, `(${value})::${type.replace(/ collate.*/, '')}`]),
      );
      const statements = changed.map((table) => {
        const value = values.get(table)?.replaceAll(/\bi\b/g, '(i + 170)');
        return `update ${table} set v = v + 1 where i % 6 = ${round % 6}; delete from ${table} where i % 31 = ${round};
          ${value ? `update ${table} set k = ${value}, i = i + 170 where i % 13 = ${round % 13} and i < 170;` : `update ${table} set i = i + 1000 where i % 13 = ${round % 13} and i < 1000;`}`;
      });
      await pair.old.client((client) => client.query(statements.join('\n')));
      await tickNow(pair);
      await replay(pair.shop.context('new'));
    };
    // Each table changes once while its chunk 1, which has bounds on both sides, is announced. Now and then all tables change.
    const beingCopied = () =>
      pair.new.client((client) =>
        client.query("select table_name, chunk_no from pgtide.copy_chunk where state = 'announced'"),
      );
    let snapshots = 0;
    await copyWith({
      at: async (step) => {
        if (step !== 'snapshot.taken') return;
        const [chunk] = await beingCopied();
        if (snapshots++ % 25 === 7) await change();
        else if (chunk?.chunk_no === 1) await change([String(chunk.table_name).replace('public.', '')]);
      },
    })(pair.shop.context('new'));
    const setAside = () =>
      pair.new.client((client) =>
        client.query('select table_name, error from pgtide.table_state where error is not null'),
      );
    await followUntilSynced(pair);
    expect(await setAside()).toEqual([]);
    await expectEqual(pair.old, pair.new, tables);
    await change();
    await replayAll(pair);
    expect(await setAside()).toEqual([]);
    await expectEqual(pair.old, pair.new, tables);
  });
});
