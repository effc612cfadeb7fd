/** If a node's server is a standby, every command says so and names the remedy. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { tick } from '../../lib/units/tick.ts';
import { createDatabase, ownServer, postgres, type TestDatabase } from '../support/database.ts';
import { cascade } from '../support/unit-context.ts';

it('is refused as a provider and as a subscriber', async () => {
  const server = await ownServer({ version: 17, settings: { wal_level: 'replica' } });
  const node = await createDatabase(server, { owner: 'plain' });
  const other = await createDatabase(await postgres(13), { installed: true });
  await node.client((client) => client.query('create table item (id int primary key)'));
  await server.stop();
  writeFileSync(join(server.folder, 'data', 'standby.signal'), '');
  await server.start();

  try {
    await expectRefused(node, other);
  } finally {
    // The databases are dropped when the file ends, which takes a primary.
    await node.superuser((client) => client.query('select pg_promote()'));
  }
});

async function expectRefused(node: TestDatabase, other: TestDatabase): Promise<void> {
  const refusal = {
    kind: 'state',
    message: 'standby: this server is a standby, which takes no writes',
    remedy: expect.stringContaining('primary'),
  };
  const asRoot = cascade('shop', { standby: node, new: other });
  const asLeaf = cascade('shop', { old: other, standby: node });
  await expect(install(asRoot.context('standby'), {})).rejects.toMatchObject(refusal);
  await expect(install(asLeaf.context('old'), {})).rejects.toMatchObject(refusal);
  await expect(tick(asRoot.context('standby'))).rejects.toMatchObject(refusal);
  await expect(maintain(asRoot.context('standby'))).rejects.toMatchObject(refusal);
  await expect(replay(asRoot.context('new'))).rejects.toMatchObject(refusal);
  const input = addTableInput.parse({ tables: ['item'] });
  await expect(addTable(asRoot.context('standby'), input)).rejects.toMatchObject(refusal);

  for (const onRoot of [asRoot.context('standby'), asLeaf.context('old')]) {
    const { result } = await status(onRoot, {});
    const problems = result.queues[0]?.nodes.find(({ name }) => name === 'standby')?.problems;
    expect(problems).toEqual([{ code: 'status-failed', message: refusal.message, remedy: refusal.remedy }]);
  }
  // A transaction that began while the server was a primary sends a statement.
  const error = await asLeaf
    .context('standby')
    .connect('standby', (client) =>
      client.transaction({ readOnly: true }, () => client.query('insert into public.item values (1)')),
    )
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ kind: 'state', remedy: refusal.remedy });
}
