/** Random small worlds: a table, triggers of the application on it, and transactions whose statements meet the same few keys. */
import fc from 'fast-check';
import { id, statementIn } from './captured-statements.ts';
import { tables } from './captured-tables.ts';

export interface World {
  table: string;
  /** The statements that create them. A statement that the server does not support fails, and is left out. */
  triggers: string[];
  /** The rows before the triggers, as INSERT takes them. */
  before: string;
  /** The messages that the client sends, by transaction. */
  transactions: string[][];
}

/** Whether a trigger may act once more in this transaction: without a limit, deferred triggers would queue each other for ever. */
export const MAY_ACT = `create function act.may_act() returns bool language sql as $f$
  select set_config('act.times', (coalesce(nullif(current_setting('act.times', true), ''), '0')::int + 1)::text, true)::int <= 30 $f$`;

/** A trigger of the application. It acts at most at the nesting depth `depth`. */
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
      // Before version 11 PostgreSQL has no record NEW in a DELETE.
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

/**
 * The ways in which a client sends a statement: alone, in a block that goes on after an error, in a savepoint that is
 * rolled back.
 */
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
