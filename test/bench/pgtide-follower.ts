/** Our side of replay: a tick, then replay until it is idle. */
import type { Bench } from './case.ts';
import { type BenchDatabase, emptyEventTables, vacuum } from './database.ts';
import type { Follower } from './follower.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { followed } from './workloads.ts';

/** The name of our second side: its role may not set session_replication_role. */
export const PLAIN_ROLE = 'pgtide, plain role';

export async function followWithPgtide(
  bench: Bench,
  name: string,
  provider: BenchDatabase,
  subscriber: BenchDatabase,
): Promise<Follower> {
  const runner = await createPgtidePair(provider, subscriber);
  await addTables(
    runner,
    followed.map((table) => `public.${table}`),
    { expectSync: true },
  );
  return {
    name,
    provider,
    subscriber,
    async follow(mark) {
      await runner.tick();
      await runner.replayUntilIdle();
      const row = await subscriber.asSuperuser((client) => client.first<{ n: number }>('select n from mark'));
      if (row?.n !== mark) throw new Error(`${name} was idle before mark ${mark} had come`);
      bench.detail(`${name}: ${runner.takeSteps()}`);
    },
    async accompany(writing) {
      while (writing()) {
        await runner.tick();
        await runner.replayUntilIdle();
      }
      bench.detail(`${name}: ${runner.takeSteps()}`);
    },
    async tidy() {
      await vacuum(provider, followed);
      await vacuum(subscriber, followed);
      await emptyEventTables(provider);
    },
  };
}
