/** Random small worlds: a table, triggers of the application's on it, and transactions whose statements meet the same few keys. */
import fc from 'fast-check';

export interface World {
  table: string;
  /** Statements that make them. One that the server does not have fails, and is left out. */
  triggers: string[];
  /** The rows before the triggers, as INSERT takes them. */
  before: string;
  /** Each is the messages that the client sends. */
  transactions: string[][];
}

interface Table {
  sql: string;
  keyed: boolean;
  partitioned?: boolean;
  deferrable?: boolean;
  since: number;
}

const columns = (key: string, reference = '') => `(id int ${key}, n int, r int ${reference})`;
const parts = (name: string, more: (part: string) => string = () => '') =>
  `; create table ${name}_1 partition of ${name} for values from (-1000) to (4); ${more(`${name}_1`)}
   create table ${name}_2 partition of ${name} for values from (4) to (100000); ${more(`${name}_2`)}`;

/** All have the columns id, n and r. */
export const tables: Record<string, Table> = {
  t: { sql: `create table t ${columns('primary key')}`, keyed: true, since: 10 },
  d: {
    sql: `create table d ${columns('primary key deferrable')}`,
    keyed: true,
    deferrable: true,
    since: 10,
  },
  k: { sql: `create table k ${columns('')}`, keyed: false, since: 10 },
  cascading: {
    sql: `create table cascading ${columns('primary key', 'references cascading on delete cascade on update cascade')}`,
    keyed: true,
    since: 10,
  },
  nulling: {
    sql: `create table nulling ${columns('primary key', 'references nulling on delete set null on update set null')}`,
    keyed: true,
    since: 10,
  },
  defaulting: {
    sql: `create table defaulting ${columns('primary key', 'default 1 references defaulting on delete set default on update cascade')}`,
    keyed: true,
    since: 10,
  },
  twice: {
    sql: `create table twice ${columns('primary key', 'references twice on delete set null on update cascade')};
      alter table twice add foreign key (n) references twice on delete cascade on update set null`,
    keyed: true,
    since: 10,
  },
  m: {
    sql: `create table m ${columns('primary key')} partition by range (id)${parts('m')}`,
    keyed: true,
    partitioned: true,
    since: 13,
  },
  referring: {
    sql: `create table referring ${columns('primary key', 'references referring on delete cascade on update cascade')}
      partition by range (id)${parts('referring')}`,
    keyed: true,
    partitioned: true,
    since: 13,
  },
  p: {
    sql: `create table p ${columns('')} partition by range (id)${parts('p')}`,
    keyed: false,
    partitioned: true,
    since: 10,
  },
};

const id = fc.integer({ min: 1, max: 6 });
const value = fc.integer({ min: 1, max: 9 });
const shift = fc.constantFrom('+ 1', '+ 3', '+ 10', '- 1');

/** What may be written for a key: a number; in a row trigger the row's, too. */
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

/** One data-modifying part of a statement. `previous` is the part before it, if any. */
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
        // See the limits in README.md.
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

/** Made once each: to make them takes longer than to draw from them. */
const statements = new Map<string, fc.Arbitrary<string>>();

function statementIn(
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
    // By way of a trigger of another table.
    { weight: 1, arbitrary: fc.constant('insert into u values (1)') },
  );
  statements.set(`${name} ${version} ${nested} ${row}`, made);
  return made;
}

/** Whether a trigger may act once more in this transaction: deferred ones would queue each other for ever. */
export const MAY_ACT = `create function act.may_act() returns bool language sql as $f$
  select set_config('act.times', (coalesce(nullif(current_setting('act.times', true), ''), '0')::int + 1)::text, true)::int <= 30 $f$`;

/** A trigger of the application's. It acts no deeper than `depth`. */
const triggerIn = (name: string, version: number, nr: number) =>
  fc
    .record({
      on: fc.constantFrom(name, name, name, 'u'),
      first: fc.constantFrom('A', 'z'),
      when: fc.constantFrom('before', 'after', 'after'),
      event: fc.constantFrom(
        'insert',
        'update',
        'delete',
        'insert or update',
        'insert or delete',
        'delete or update',
        'truncate',
      ),
      each: fc.constantFrom('row', 'row', 'statement'),
      depth: fc.constantFrom(1, 2, 2, 3),
      deferred: fc.constantFrom(false, false, false, false, true),
      returns: fc.constantFrom('row', 'row', 'row', 'null'),
      changes: fc.constantFrom('', '', '', 'new.n := new.n + 1; ', 'new.id := new.id + 1; '),
    })
    .chain((it) => {
      const byRow = it.each === 'row' && it.event !== 'truncate' && it.on !== 'u';
      const on = it.on === 'u' ? 'insert' : it.event;
      // PostgreSQL has no record NEW in a DELETE before version 11.
      const row = !byRow ? undefined : on.includes('delete') ? (on === 'delete' ? 'old' : undefined) : 'new';
      return fc
        .array(statementIn(name, version, true, row), { minLength: 1, maxLength: 2 })
        .map((actions) => {
          const deferred = it.deferred && byRow && it.when === 'after';
          const before = byRow && it.when === 'before';
          const changes = before && row === 'new' ? it.changes : '';
          const result =
            !before || it.returns === 'null'
              ? 'null'
              : on.includes('delete')
                ? on === 'delete'
                  ? 'old'
                  : "case when tg_op = 'DELETE' then old else new end"
                : 'new';
          const returned = result.startsWith('case')
            ? `if tg_op = 'DELETE' then return old; end if; return new;`
            : `return ${result};`;
          return `create function act."${it.first}${nr}"() returns trigger language plpgsql as $f$ begin
          if pg_trigger_depth() <= ${it.depth} and act.may_act() then ${changes}${actions.join('; ')}; end if; ${returned} end $f$;
          create ${deferred ? 'constraint ' : ''}trigger "${it.first}${nr}" ${it.when} ${on} on ${it.on}
          ${deferred ? 'deferrable initially deferred' : ''} for each ${byRow ? 'row' : 'statement'} execute procedure act."${it.first}${nr}"()`;
        });
    });

/** A statement as a client sends it: alone, in a block that goes on after an error, in a savepoint that is rolled back. */
const stepIn = (name: string, version: number) =>
  fc
    .tuple(
      fc.oneof(
        { weight: 9, arbitrary: statementIn(name, version) },
        { weight: 1, arbitrary: fc.constant('insert into u values (1)') },
      ),
      fc.constantFrom('plain', 'plain', 'plain', 'plain', 'tried', 'tried', 'rolled back'),
    )
    .map(([sql, how]) =>
      how === 'plain'
        ? sql
        : how === 'tried'
          ? `do $d$ begin ${sql}; exception when others then null; end $d$`
          : `savepoint a; ${sql}; rollback to a`,
    );

const transactionIn = (name: string, version: number) =>
  fc
    .tuple(
      fc.array(stepIn(name, version), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('messages', 'one message', 'block'),
    )
    .map(([steps, how]) => {
      if (how === 'messages') return ['begin', ...steps, 'commit'];
      if (how === 'one message') return [`begin; ${steps.join('; ')}; commit`];
      const plain = steps.filter((one) => !one.startsWith('savepoint') && !one.startsWith('do '));
      return [`do $$ begin ${[...plain, 'null'].join('; ')}; end $$`];
    });

const worldIn = (name: string, version: number): fc.Arbitrary<World> =>
  fc
    .record({
      triggers: fc.tuple(
        fc.option(triggerIn(name, version, 1), { nil: '' }),
        fc.option(triggerIn(name, version, 2), { nil: '' }),
      ),
      ids: fc.uniqueArray(id, { maxLength: 5 }),
      references: fc.array(fc.option(id), { minLength: 5, maxLength: 5 }),
      transactions: fc.array(transactionIn(name, version), { minLength: 1, maxLength: 3 }),
    })
    .map(({ triggers, ids, references, transactions }) => ({
      table: name,
      triggers: triggers.filter((one) => one !== ''),
      before:
        ids.length === 0
          ? 'select where false'
          : `values ${ids
              .map((one, nr) => {
                const r = references[nr];
                return `(${one}, ${name === 'twice' ? 'null' : one}, ${r != null && ids.includes(r) ? r : 'null'})`;
              })
              .join(', ')}`,
      transactions,
    }));

export const worldOf = (version: number): fc.Arbitrary<World> =>
  fc.oneof(
    ...Object.entries(tables)
      .filter(([, { since }]) => version >= since)
      .map(([name]) => worldIn(name, version)),
  );
