/** A pair whose subscriber's role may use replica mode. Since PostgreSQL 15 a plain owner can have this right. */
import { install } from '../../lib/units/install.ts';
import { allowReplicaMode, createDatabase, postgres } from '../support/database.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';

const OWNER = 'replicating';

export async function replicaPair(
  versions: { provider: number; subscriber: number },
  tuning: Record<string, unknown> = {},
): Promise<InstalledPair> {
  const provider = await createDatabase(await postgres(versions.provider), { owner: OWNER });
  const subscriber = await createDatabase(await postgres(versions.subscriber), { owner: OWNER });
  await allowReplicaMode(subscriber.server, OWNER);
  const shop = cascade('shop', { old: provider, new: subscriber }, tuning);
  await install(shop.context('old'), {});
  const both = async (sql: string) => {
    for (const database of [provider, subscriber]) await database.client((client) => client.query(sql));
  };
  return { old: provider, new: subscriber, shop, both };
}

/** The kinds of pairs on which a property is checked. */
export const modes: [
  mode: string,
  make: (tuning?: Record<string, unknown>) => Promise<InstalledPair>,
  replica: boolean,
][] = [
  ['in replica mode', (tuning) => replicaPair({ provider: 13, subscriber: 17 }, tuning), true],
  ['with live foreign keys', (tuning) => installedPair({ provider: 18, subscriber: 14 }, tuning), false],
];
