/** Calls for tests of tables that join and leave a queue, and queries for the tables of each side. */
import { listTables } from '../../lib/membership/member-tables.ts';
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import { type RemoveTableInput, removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import type { InstalledPair } from './unit-context.ts';

export const add = (pair: InstalledPair, input: Partial<AddTableInput>, overrides = {}) =>
  addTable(pair.shop.context('old', overrides), addTableInput.parse(input));
export const remove = (pair: InstalledPair, input: Partial<RemoveTableInput>, overrides = {}) =>
  removeTable(pair.shop.context('old', overrides), removeTableInput.parse(input));

export const members = async (pair: InstalledPair, side: 'old' | 'new') =>
  (await pair[side].client((client) => listTables(client, 'shop')))
    .filter(({ local }) => local)
    .map(({ name }) => name.replace('public.', ''))
    .sort();

/** Triggers of the queue, by table. */
export const captured = async (pair: InstalledPair) =>
  (
    await pair.old.client((client) =>
      client.query<{ name: string }>(
        `select distinct tgrelid::regclass::text as name from pg_trigger g join pg_proc p on p.oid = g.tgfoid
          where p.proname like 'capture%' and not tgisinternal order by 1`,
      ),
    )
  ).map(({ name }) => name);

/** Twenty tables with sequences, each of which refers to the one before. */
export const names = Array.from({ length: 20 }, (_, nr) => `t${nr + 10}`);
export const ddl = names
  .map((name, nr) => {
    const parent = nr === 0 ? '' : ` references ${names[nr - 1]}`;
    return `create table ${name} (id serial primary key, parent int${parent});`;
  })
  .join('\n');
