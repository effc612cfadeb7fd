/** Sequences that only functions name: they are created and followed with the tables whose defaults call these functions. */
import { beforeAll, expect, test } from 'vitest';
import { listSequences } from '../../lib/membership/member-sequences.ts';
import { createMissingTables } from '../../lib/structure/create.ts';
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { followUntilSynced } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair({ provider: 13, subscriber: 17 });
});

const add = async (tables: string[], more: Partial<AddTableInput> = {}) =>
  (await addTable(it.shop.context('old'), addTableInput.parse({ tables, create: true, ...more }))).result;

/**
 * Ids that consist of the time and the end of a sequence's value. The name of the sequence is composed, as in some
 * applications.
 */
const snowflakes = `
  create schema "My ids";
  create sequence "My ids"."the Seq" start 500 increment 5;
  create sequence handed_over; create sequence accounts_id_seq; create sequence not_asked_for;
  create function timestamp_id(table_name text) returns bigint volatile language plpgsql as $$
  begin
    return ((extract(epoch from now()) * 1000)::bigint << 16) | (nextval(table_name || '_id_seq') & 65535);
  end $$;
  create function "My ids".tail() returns bigint language sql as $$ select nextval('"My ids"."the Seq"') $$;
  create function "My ids".next() returns bigint language sql as $$ select "My ids".tail() * 2 $$;
  create function drawn(regclass) returns bigint language sql as 'select nextval($1)';
  create function lucky(n int) returns bigint language sql as $$ select nextval('seq_' || n) $$;
  create sequence seq_7;`;

test('they are created with the table, and follow', async () => {
  await it.old.client((client) =>
    client.query(`${snowflakes}
      create table accounts (id bigint primary key default timestamp_id('accounts'), n bigint default "My ids".next(),
        o bigint default drawn('handed_over'));
      insert into accounts select from generate_series(1, 30)`),
  );
  const refused = await add(['accounts']).catch((error: unknown) => error as { remedy: string });
  await it.new.client((client) => client.query((refused as { remedy: string }).remedy));
  const result = await add(['accounts']);
  expect(result).toEqual({
    tables: [{ name: 'public.accounts', state: 'new' }],
    sequences: ['My ids.the Seq', 'public.accounts_id_seq', 'public.handed_over'],
  });
  await followUntilSynced(it);
  const followed = await it.new.client((client) => listSequences(client, 'shop'));
  expect(followed.filter(({ local }) => local).map(({ name }) => name)).toEqual(result.sequences);
  for (const [sequence, last] of [
    ['"My ids"."the Seq"', 645],
    ['accounts_id_seq', 30],
    ['handed_over', 30],
  ] as const) {
    const drawn = await it.new.client((client) =>
      client.first('select nextval($1::regclass) as value', [sequence]),
    );
    expect(Number(drawn?.value)).toBeGreaterThan(last);
  }
  const row = await it.new.client((client) =>
    client.first(
      `select seqincrement as increment, to_regclass('not_asked_for') as other from pg_sequence where seqrelid = '"My ids"."the Seq"'::regclass`,
    ),
  );
  expect(row).toEqual({ increment: 5n, other: null });
});

test('they are removed with it', async () => {
  const { result } = await removeTable(
    it.shop.context('old'),
    removeTableInput.parse({ tables: ['accounts'] }),
  );
  expect(result.sequences).toEqual(['My ids.the Seq', 'public.accounts_id_seq', 'public.handed_over']);
});

test('a sequence that is not found is noted', async () => {
  await it.old.client((client) =>
    client.query('create table lots (id bigint primary key default lucky(7), n int default 1)'),
  );
  await it.new.client((client) =>
    client.query(
      `create function lucky(n int) returns bigint language sql as $$ select nextval('seq_' || n) $$`,
    ),
  );
  await it.old.client((from) =>
    it.new.client(async (to) => {
      expect((await createMissingTables(from, to, ['public.lots'])).notes).toEqual([
        {
          table: 'public.lots',
          text: 'the default of id calls a function that draws from a sequence, and its name is not in the text: make that sequence, and set it ahead of the one on the provider',
        },
      ]);
    }),
  );
});
