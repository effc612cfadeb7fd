/** C2: whatever a row holds, the events of pgq.sqltriga, pgq.logutriga and pgq.jsontriga are read as that row. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { holds } from '../support/property.ts';

type Row = Record<string, string | null>;

describe.each([10, 18])('random rows on PostgreSQL %i', (version) => {
  const nasty = fc.constantFrom(
    "'",
    "''",
    '"',
    '\\',
    '\\\\',
    '%',
    '&',
    '=',
    '+',
    ' ',
    ',',
    '(',
    ')',
    ' where ',
    ' and ',
    ') values (',
    'E',
    'null',
    '\n',
    '\t',
    '\r',
    '\u0001',
    '\u007f',
    'é',
    '€',
    '😀',
    '\u0085',
    '\u2028',
    'a',
    'Z',
    '0',
    '-',
    '_',
    '.',
    '~',
    '%41',
    '\\u0041',
  );
  const text = fc.array(nasty, { maxLength: 12 }).map((parts) => parts.join(''));
  const name = fc.array(nasty, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const value = fc.option(text, { freq: 6 });
  const table = fc.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain((names) =>
    fc.record({
      names: fc.constant(names),
      rows: fc.array(fc.tuple(...names.map(() => value)), { minLength: 2, maxLength: 2 }),
      key: text,
    }),
  );
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
    await db.client((client) => client.query(`select pgq.create_queue('q')`));
  });

  test('the events of all three triggers hold the same row', { timeout: 600_000 }, async () => {
    await holds(
      fc.asyncProperty(table, ({ names, rows, key }) =>
        db.client(async (client) => {
          const quoted = names.map((n) => client.connection.escapeIdentifier(n));
          const keyName = `key ${names.join(' ')}`.slice(0, 15).toWellFormed().replaceAll('\ufffd', '?');
          const quotedKey = client.connection.escapeIdentifier(keyName);
          await client.query(
            `truncate pgq.event_1; drop table if exists t; create table t (${quotedKey} text primary key, ${quoted.map((n) => `${n} text`).join(', ')});
             ${['sqltriga', 'logutriga', 'jsontriga'].map((trigger, nr) => `create trigger t${nr} after insert or update or delete on t for each row execute procedure pgq.${trigger}('q');`).join('\n')}`,
          );
          const [first = [], second = []] = rows;
          const places = names.map((_, i) => `$${i + 2}`);
          await client.query(`insert into t values ($1, ${places.join(', ')})`, [key, ...first]);
          await client.query(
            `update t set ${quoted.map((n, i) => `${n} = ${places[i]}`).join(', ')} where ${quotedKey} = $1`,
            [key, ...second],
          );
          await client.query('delete from t');
          const read = await client.query<{ op: string; kind: string; data: string; key: string[] | null }>(
            `select left(ev_type, 1) as op, case when ev_type like '{%' then 'json' when ev_type like '_:%' then 'url' else 'sql' end as kind,
               case when ev_type like '{%' then ev_data when ev_type like '_:%' then (pgtide._json_of_urlencoded(ev_data, 'UTF8')).data
                    else (pgtide._json_of_partial_sql(ev_type, ev_data)).data end as data,
               case when ev_type in ('U', 'D') then (pgtide._json_of_partial_sql(ev_type, ev_data)).key end as key
             from pgq.event_template order by ev_id`,
          );
          const rowsOf = (kind: string) =>
            read.filter((one) => one.kind === kind).map((one) => JSON.parse(one.data) as Row);
          const json = rowsOf('json');
          const row = (values: (string | null)[]) =>
            Object.fromEntries([[keyName, key], ...names.map((n, i) => [n, values[i] ?? null])]);
          expect(json).toEqual([row(first), row(second), row(second)]);
          expect(rowsOf('url')).toEqual(json);
          const changed = Object.fromEntries(
            names.flatMap((n, i) =>
              (first[i] ?? null) === (second[i] ?? null) ? [] : [[n, second[i] ?? null]],
            ),
          );
          expect(rowsOf('sql')).toEqual([row(first), { ...changed, [keyName]: key }, { [keyName]: key }]);
          expect(read.flatMap((one) => (one.key ? [one.key] : []))).toEqual([[keyName], [keyName]]);
        }),
      ),
      60,
    );
  });
});
