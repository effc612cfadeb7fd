/** Random statements on one table, whose parts meet the same few keys. */
import fc from 'fast-check';
import { type Table, tables } from './captured-tables.ts';

export const id = fc.integer({ min: 1, max: 6 });
const value = fc.integer({ min: 1, max: 9 });
const shift = fc.constantFrom('+ 1', '+ 3', '+ 10', '- 1');

/** What a statement may write for a key: a number; in a row trigger also the row's key. */
const keyIn = (row: string | undefined) => {
  const plain = id.map(String);
  return row === undefined
    ? plain
    : fc.oneof(plain, fc.constantFrom(`${row}.id`, `${row}.id + 1`, `${row}.id + 10`));
};

const conditionIn = (row: string | undefined) => {
  const key = keyIn(row);
  return fc.oneof(
    { weight: 4, arbitrary: key.map((one) => `id = ${one}`) },
    { weight: 3, arbitrary: fc.tuple(key, key).map(([a, b]) => `id in (${a}, ${b})`) },
    { weight: 1, arbitrary: id.map((one) => `id > ${one}`) },
    { weight: 1, arbitrary: value.map((one) => `n > ${one}`) },
    { weight: 1, arbitrary: fc.constant('true') },
  );
};

/** One data-modifying part of a statement. `previous` is the part before it, if there is one. */
const partIn = (table: string, row: string | undefined) => {
  const key = keyIn(row);
  const reference = fc.oneof(fc.constant('null::int'), fc.constant('null::int'), key);
  return fc
    .record({
      op: fc.constantFrom('insert', 'insert', 'insert', 'delete', 'delete', 'update', 'update', 'key', 'r'),
      condition: conditionIn(row),
      keys: fc.array(key, { minLength: 1, maxLength: 2 }),
      value,
      reference,
      shift,
      link: fc.constantFrom('none', 'after', 'from', 'from'),
    })
    .map((it) => (previous?: string) => {
      const after = previous && it.link !== 'none' ? ` and (select count(*) from ${previous}) > 0` : '';
      const where =
        previous && it.link === 'from' ? `id in (select id from ${previous})` : `${it.condition}${after}`;
      if (it.op === 'delete') return `delete from ${table} where ${where}`;
      if (it.op === 'update') return `update ${table} set n = n + ${it.value} where ${where}`;
      if (it.op === 'key') return `update ${table} set id = id ${it.shift} where ${where}`;
      if (it.op === 'r') return `update ${table} set r = ${it.reference} where ${where}`;
      if (previous && it.link === 'from')
        return `insert into ${table} select id ${it.value > 6 ? it.shift : ''}, ${it.value}, ${it.reference} from ${previous}`;
      const values = it.keys.map((one) => `(${one}, ${it.value}, ${it.reference})`).join(', ');
      return `insert into ${table} select * from (values ${values}) v where true${after}`;
    });
};

const withIn = (table: string, row: string | undefined) =>
  fc.array(partIn(table, row), { minLength: 2, maxLength: 3 }).map((all) => {
    const named = all
      .slice(0, -1)
      .map((part, nr) => `p${nr} as (${part(nr > 0 ? `p${nr - 1}` : undefined)} returning id)`);
    return `with ${named.join(', ')} ${all.at(-1)?.(`p${all.length - 2}`)}`;
  });

const upsertIn = (table: string, row: string | undefined) =>
  fc
    .record({
      keys: fc.uniqueArray(keyIn(row), { minLength: 1, maxLength: 3 }),
      value,
      set: fc.constantFrom(
        'set n = excluded.n',
        'set n = excluded.n',
        'set id = x.id + 10',
        'set r = null',
        undefined,
      ),
    })
    .map(
      ({ keys, value: n, set }) =>
        `insert into ${table} as x values ${keys.map((one) => `(${one}, ${n})`).join(', ')}
          on conflict (id) do ${set ? `update ${set}` : 'nothing'}`,
    );

const mergeIn = (
  table: string,
  row: string | undefined,
  nested: boolean,
  { partitioned, keyed }: Table,
  version: number,
) =>
  fc
    .record({
      keys: fc.uniqueArray(keyIn(row), { minLength: 1, maxLength: 3 }),
      value,
      limit: id,
      matched: fc.constantFrom(
        '',
        'delete',
        'update set n = x.n + v.n',
        'update set r = null',
        'update set id = x.id + 10',
      ),
      first: fc.boolean(),
      inserts: fc.boolean(),
      bySource: fc.constantFrom('', '', 'delete', 'update set n = 0'),
    })
    .filter(
      ({ matched, inserts, bySource, first }) =>
        // See docs/limits.md, Captured.
        !(
          partitioned &&
          (/set id/.test(matched) || ((nested || !keyed) && inserts && /update/.test(matched + bySource)))
        ) &&
        (matched + bySource !== '' || first || inserts),
    )
    .map(({ keys, value: n, limit, matched, first, inserts, bySource }) =>
      [
        `merge into ${table} x using (values ${keys.map((one) => `(${one}, ${n})`).join(', ')}) v (id, n) on x.id = v.id`,
        first ? `when matched and x.id < ${limit} then delete` : '',
        matched ? `when matched then ${matched}` : '',
        inserts ? 'when not matched then insert values (v.id, v.n)' : '',
        bySource && version >= 17 ? `when not matched by source and x.id < ${limit} then ${bySource}` : '',
        !first && !matched && !inserts ? `when matched then do nothing` : '',
      ].join(' '),
    );

/** Each is created once: creating them takes longer than drawing from them. */
const statements = new Map<string, fc.Arbitrary<string>>();

export function statementIn(
  name: string,
  version: number,
  nested = false,
  row: string | undefined = undefined,
): fc.Arbitrary<string> {
  const known = statements.get(`${name} ${version} ${nested} ${row}`);
  if (known) return known;
  const table = tables[name] as Table;
  const made = fc.oneof(
    { weight: 18, arbitrary: partIn(name, row).map((part) => part()) },
    { weight: 12, arbitrary: withIn(name, row) },
    ...(table.keyed && !table.deferrable ? [{ weight: 6, arbitrary: upsertIn(name, row) }] : []),
    ...(version >= 15 ? [{ weight: 6, arbitrary: mergeIn(name, row, nested, table, version) }] : []),
    { weight: 1, arbitrary: fc.constant(`truncate ${name}`) },
    // A statement that acts through a trigger of another table.
    { weight: 1, arbitrary: fc.constant('insert into u values (1)') },
  );
  statements.set(`${name} ${version} ${nested} ${row}`, made);
  return made;
}
