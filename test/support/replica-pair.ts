/** A pair whose subscriber's role may use replica mode: a superuser has allowed it, which PostgreSQL 15 and later can. */
import { install } from '../../lib/units/install.ts';
import { allowReplicaMode, createDatabase, postgres, type TestDatabase } from './database.ts';
import { cascade, type InstalledPair } from './unit-context.ts';

export async function createReplicaLeaf(version: number): Promise<TestDatabase> {
  const server = await postgres(version);
  const leaf = await createDatabase(server, { owner: 'replicator' });
  await allowReplicaMode(server, 'replicator');
  return leaf;
}

/** Root `old` and leaf `new` of the queue `shop`, installed. */
export async function replicaPair(versions: {
  provider: number;
  subscriber: number;
}): Promise<InstalledPair> {
  const old = await createDatabase(await postgres(versions.provider), { installed: true });
  const leaf = await createReplicaLeaf(versions.subscriber);
  const shop = cascade('shop', { old, new: leaf });
  await install(shop.context('old'), {});
  const both = async (sql: string) => {
    for (const database of [old, leaf]) await database.client((client) => client.query(sql));
  };
  return { old, new: leaf, shop, both };
}
