/**
 * C2: an event of pgq.logutriga or pgq.sqltriga is read as the row that it describes, with every type, name and value, in databases
 * of any encoding. A text that these triggers would not write is not read at all.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import known from '../support/trigger-events.json' with { type: 'json' };

interface Read {
  data: string | null;
  columns: string[] | null;
  key?: string[] | null;
}
type Row = Record<string, string | null>;

const urlencoded = (db: TestDatabase, data: string | null, encoding = 'UTF8') =>
  db.client((client) =>
    client.first<Read>('select data, columns from pgtide._json_of_urlencoded($1, $2::text::name)', [
      data,
      encoding,
    ]),
  );
const partialSql = (db: TestDatabase, op: string, data: string | null) =>
  db.client((client) =>
    client.first<Read>('select data, columns, key from pgtide._json_of_partial_sql($1, $2)', [op, data]),
  );
const rowIn = (read: Read | undefined): Row | null => (read?.data ? JSON.parse(read.data) : null);

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
    await db.client((client) => client.query(`select pgq.create_queue('q')`));
  });

  test.each<[string, Row]>([
    ['id=1&a=x', { id: '1', a: 'x' }],
    ['a&b=&c=', { a: null, b: '', c: '' }],
    ['a+b=c+d%2b%20e', { 'a b': 'c d+ e' }],
    ['%c3%a9%22=%c3%a9+%e2%82%ac%27%5c&%26%3d=%26%3d%25', { 'é"': "é €'\\", '&=': '&=%' }],
    ['a=%0a%09%01%1F%7f%7F', { a: '\n\t\u0001\u001f\u007f\u007f' }],
    ['a=1=2', { a: '1=2' }],
    ['a=é~', { a: 'é~' }],
    ['a=\\u0041'.replace('\\', '%5c'), { a: '\\u0041' }],
    ['', {}],
  ])('url-encoded: %s', async (data, row) => {
    const read = await urlencoded(db, data);
    expect(rowIn(read)).toEqual(row);
    expect(read?.columns).toEqual(Object.keys(row));
  });

  test.each([
    'a=%',
    'a=%4',
    'a=%4g',
    'a=%zz',
    '=1',
    'a=1&',
    '&a=1',
    'a=1&&b',
    'a="',
    'a=\\n',
    'a=\n',
    'a=%00',
    'a=%ff',
    'a=%c3',
    null,
  ])('not url-encoded: %s', async (data) =>
    expect(await urlencoded(db, data)).toEqual({ data: null, columns: null }),
  );

  test.each<[op: string, data: string, row: Row, key: string[]]>([
    ['I', `(id,a) values ('1','x')`, { id: '1', a: 'x' }, []],
    ['I', `(a) values (null)`, { a: null }, []],
    ['I', '() values ()', {}, []],
    [
      'I',
      `("a b","c""d","(,) values (",é) values ('a''b','','(x) values (''y'')',NULL)`,
      { 'a b': "a'b", 'c"d': '', '(,) values (': "(x) values ('y')", é: null },
      [],
    ],
    ['I', String.raw`(a,b) values (E'a\\b''\\','\')`, { a: "a\\b'\\", b: '\\' }, []],
    ['U', `b='4' where a='1'`, { b: '4', a: '1' }, ['a']],
    [
      'U',
      `b=NULL,"c,d"=E'\\\\' where "a b"='1' and z='4'`,
      { b: null, 'c,d': '\\', 'a b': '1', z: '4' },
      ['a b', 'z'],
    ],
    ['U', `a='1' where a='1'`, { a: '1' }, ['a']],
    ['U', `b='2',a='1',c='3' where a='1'`, { b: '2', c: '3', a: '1' }, ['a']],
    ['U', `b=' where a=''2'' and b=''' where a=','`, { b: ` where a='2' and b='`, a: ',' }, ['a']],
    ['U', `"x where y"='null' where " and "='z'`, { 'x where y': 'null', ' and ': 'z' }, [' and ']],
    ['D', `a='1'`, { a: '1' }, ['a']],
    ['D', `"a b"='1\n' and z=E'\\\\n'`, { 'a b': '1\n', z: '\\n' }, ['a b', 'z']],
  ])('partial SQL: %s %s', async (op, data, row, key) => {
    const read = await partialSql(db, op, data);
    expect(rowIn(read)).toEqual(row);
    expect(read?.columns).toEqual(Object.keys(row));
    expect(read?.key).toEqual(key);
  });

  test.each([
    ['I', ''],
    ['I', 'id=1'],
    ['I', `(a) values ('1','2')`],
    ['I', `(a,b) values ('1')`],
    ['I', `(a) values ('1'`],
    ['I', `(a) values (now())`],
    ['I', `(a) values ('1') returning a`],
    ['I', `(a) values (E'\\n')`],
    ['I', `(a) values ('1',)`],
    ['I', `(a) values ('1'); delete from t`],
    ['I', null],
    ['U', `a='1'`],
    ['U', `a='1' where `],
    ['U', ` where a='1'`],
    ['U', `b='1' and c='2' where a='1'`],
    ['U', `b='1' where a='1',c='2'`],
    ['U', `b=c where a='1'`],
    ['U', `b='1' where a is null`],
    ['U', `b='1' where a=null`],
    ['U', `b='1'  where a='1'`],
    ['U', `b='1' where a='1' where c='2'`],
    ['U', `b='1' where a='1' or true`],
    ['U', ''],
    ['D', ''],
    ['D', `a='1' or true`],
    ['D', `,a='1'`],
    ['D', `a='1',b='2'`],
    ['D', `b='1' where a='1'`],
    ['D', `a='1`],
    ['D', null],
  ])('not partial SQL: %s %s', async (op, data) =>
    expect(await partialSql(db, op, data)).toEqual({ data: null, columns: null, key: null }),
  );

  test('a long value is read in linear time', async () => {
    const value = `'' \\\\ "%&= `.repeat(20_000);
    const read = await partialSql(db, 'U', `b=E'${value}' where a='1'`);
    expect(rowIn(read)?.b).toBe(value.replaceAll(`''`, `'`).replaceAll('\\\\', '\\'));
  });
});

/** The events of one row that the triggers of a scenario have written, one after the other: sqltriga, logutriga, jsontriga. */
describe("events of PgQ's C code in each scenario", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(17), { installed: true });
  });
  const written = Object.entries(known as Record<string, string[]>)
    .map(([name, lines]): [string, string[][]] => [name, lines.map((line) => line.split(' | '))])
    .map(([name, fields]): [string, string[][][]] => [
      name,
      fields.flatMap((first, nr) => {
        const three = fields.slice(nr, nr + 3);
        const [, url = [], json = []] = three;
        const same =
          /^[IUD]$/.test(first[0] ?? '') &&
          /^[IUD]:/.test(url[0] ?? '') &&
          json[0]?.startsWith('{"op"') &&
          json[1]?.startsWith('{');
        return same ? [three] : [];
      }),
    ])
    .filter(([, changes]) => changes.length > 0);

  test.each(written)('%s', async (_, changes) => {
    for (const [sql = [], url = [], json = []] of changes) {
      // Dates have a form of their own in JSON.
      const whole = Object.fromEntries(
        Object.entries(JSON.parse(json[1] ?? '') as Record<string, unknown>).map(([name, value]) => [
          name,
          value === null ? null : value === true ? 't' : value === false ? 'f' : String(value),
        ]),
      );
      const fromUrl = rowIn(await urlencoded(db, url[1] ?? ''));
      const fromSql = rowIn(await partialSql(db, sql[0] ?? '', sql[1] ?? ''));
      expect(Object.keys(fromUrl ?? {})).toEqual(Object.keys(whole));
      for (const [name, value] of Object.entries(whole))
        if (!/^\d{2,5}-\d\d-\d\d/.test(value ?? '')) expect([name, fromUrl?.[name]]).toEqual([name, value]);
      if (sql[0] === 'I') expect(fromSql).toEqual(fromUrl);
      for (const [name, value] of Object.entries(fromSql ?? {}))
        if (fromUrl && name in fromUrl) expect(fromUrl[name]).toBe(value);
    }
  });
});

describe('in a database whose encoding is not UTF8', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(15), { encoding: 'LATIN1' });
    await db.client(async (client) => {
      await install(client);
      await client.query(`select pgq.create_queue('q')`);
    });
  });

  test('bytes are those of the encoding that the trigger writes', async () => {
    expect(rowIn(await urlencoded(db, 'a=%e9%c3%a9', 'LATIN1'))).toEqual({ a: 'éÃ©' });
    expect(rowIn(await urlencoded(db, 'a=%c3%a9', 'UTF8'))).toEqual({ a: 'é' });
    expect(await urlencoded(db, 'a=%e2%82%ac', 'UTF8')).toEqual({ data: null, columns: null });
    expect(await urlencoded(db, 'a=%e9', 'UTF8')).toEqual({ data: null, columns: null });
  });

  test('events that the triggers write there are read there', async () => {
    const rows = await db.client(async (client) => {
      await client.query(`create table t (id int primary key, "é" text);
        create trigger a after insert on t for each row execute procedure pgq.logutriga('q');
        create trigger b after insert on t for each row execute procedure pgq.sqltriga('q')`);
      await client.query(`insert into t values (1, $1)`, ['é "Ã©" \\ %']);
      return client.query<{ data: string }>(
        `select case ev_type when 'I' then (pgtide._json_of_partial_sql('I', ev_data)).data
                             else (pgtide._json_of_urlencoded(ev_data, getdatabaseencoding())).data end as data
           from pgq.event_template where ev_extra1 = 'public.t'`,
      );
    });
    expect(rows.map(({ data }) => JSON.parse(data))).toEqual([
      { id: '1', é: 'é "Ã©" \\ %' },
      { id: '1', é: 'é "Ã©" \\ %' },
    ]);
  });
});
