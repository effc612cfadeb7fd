/** The peer that comes with PostgreSQL: logical replication by publication and subscription. */
import { type BenchDatabase, vacuum } from './database.ts';
import { awaitMark, awaitOn, type Follower } from './follower.ts';

export const NATIVE = 'native logical';

async function publish(provider: BenchDatabase, tables: readonly string[]): Promise<void> {
  await provider.administer(`create publication bench for table ${tables.join(', ')}`);
}

/** Follows tables whose rows both sides have already. */
export async function followNatively(
  provider: BenchDatabase,
  subscriber: BenchDatabase,
  tables: readonly string[],
): Promise<Follower> {
  await publish(provider, tables);
  await subscriber.administer(
    `create subscription bench connection '${provider.connectionString}' publication bench with (copy_data = false)`,
  );
  return {
    name: NATIVE,
    provider,
    subscriber,
    async hold() {
      await subscriber.administer('alter subscription bench disable');
      await awaitOn(subscriber, 'the end of the apply worker', async (client) => {
        const row = await client.first<{ workers: bigint }>(
          'select count(*) as workers from pg_stat_subscription where pid is not null',
        );
        return row?.workers === 0n;
      });
    },
    async follow(mark) {
      await subscriber.administer('alter subscription bench enable');
      await awaitMark(subscriber, mark);
    },
    async tidy() {
      await vacuum(provider, tables);
      await vacuum(subscriber, tables);
    },
  };
}

/** Copies a table, and returns when it is in step. The publication and the subscription are dropped afterwards. */
export async function copyNatively(
  provider: BenchDatabase,
  subscriber: BenchDatabase,
  table: string,
): Promise<void> {
  await publish(provider, [table]);
  await subscriber.administer(
    `create subscription bench connection '${provider.connectionString}' publication bench`,
  );
  await awaitOn(subscriber, 'the end of the copy', async (client) => {
    const rows = await client.query<{ state: string }>(
      'select srsubstate::text as state from pg_subscription_rel',
    );
    return rows.length > 0 && rows.every(({ state }) => state === 's' || state === 'r');
  });
}

export async function forgetNative(provider: BenchDatabase, subscriber: BenchDatabase): Promise<void> {
  await subscriber.administer('drop subscription bench');
  await provider.administer('drop publication bench');
}
