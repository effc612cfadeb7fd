/**
 * The installed catalog is the committed one (catalog.txt), on every PostgreSQL. After an intended change of the SQL files
 * that shows there: vitest run test/sql/catalog.test.ts -u
 */
import { expect, test } from 'vitest';
import { install } from '../../lib/install/install-schemas.ts';
import { describeCatalog } from '../support/catalog.ts';
import { createDatabase, ownServer } from '../support/database.ts';

test.each([10, 13, 14, 15, 17, 18])('on PostgreSQL %i', async (version) => {
  const db = await createDatabase(await ownServer({ version }), { owner: 'app' });
  // A role that may create roles installs the roles, too.
  await db.superuser((client) => client.query('alter role app createrole'));
  const lines = await db.client(async (client) => {
    await install(client);
    return describeCatalog(client);
  });
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('catalog.txt');
});
