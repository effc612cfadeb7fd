/** Calls of add-table on the pair of a test file, and what is on each side after them. */
import { listTables } from '../../lib/membership/member-tables.ts';
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import type { InstalledPair } from '../support/unit-context.ts';

/** `pair` is the one that the file has once its tests run. */
export const additionsTo = (pair: () => InstalledPair) => ({
  add: async (tables: string[], more: Partial<AddTableInput> = {}) =>
    (await addTable(pair().shop.context('old'), addTableInput.parse({ tables, ...more }))).result,
  /** The merge states of the queue's tables, by name. */
  statesOn: async (side: 'old' | 'new') =>
    new Map(
      (await pair()[side].client((client) => listTables(client, 'shop'))).map((t) => [t.name, t.mergeState]),
    ),
  /** The number of events that say that the table has joined. */
  addEvents: async (table: string) =>
    (
      await pair().old.client((client) =>
        client.query(`select from pgq.event_template where ev_type = 'londiste.add-table' and ev_data = $1`, [
          table,
        ]),
      )
    ).length,
});
