/**
 * Plans of copies, replay, restores of foreign keys, and removals each lock several tables of a subscriber. They never wait
 * for each other in a circle (pgtide.lock_structure), so the server ends none of them as a deadlock's victim.
 */
import { expect, it } from 'vitest';
import { PgtideError } from '../../lib/errors.ts';
import { copy } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

const ROUNDS = 12;
const names = ['a', 'b', 'c', 'd', 'e'];

it('copy and replay of tables that refer to each other do not deadlock', { timeout: 300_000 }, async () => {
  const pair = await installedPair();
  const refers = (name: string, to: string) =>
    `alter table ${name} add foreign key (other) references ${to} on delete cascade deferrable initially deferred;`;
  await pair.both(`${names.map((name) => `create table ${name} (id int primary key, other int, n int);`).join('')}
    ${names.map((name, nr) => refers(name, names[(nr + 1) % 5] as string) + refers(name, names[(nr + 2) % 5] as string)).join('')}`);
  await pair.old.client((client) =>
    client.query(
      `begin; ${names.map((name) => `insert into ${name} select g, g, 0 from generate_series(1, 20) g;`).join('')} commit`,
    ),
  );
  await pair.new.client((client) =>
    client.query(
      'create function nothing() returns trigger language plpgsql as $$ begin return null; end $$',
    ),
  );
  await addTables(pair, names);
  await followUntilSynced(pair);

  const deadlocks: string[] = [];
  const noting = async (work: Promise<unknown>) => {
    await work.catch((error: unknown) => {
      if (!(error instanceof PgtideError) || !['busy', 'fenced'].includes(error.kind)) throw error;
      if (error.message.includes('40P01')) deadlocks.push(error.message);
    });
  };
  let going = true;
  const again = async (work: () => Promise<unknown>) => {
    while (going) await noting(work());
  };
  const loops = [
    again(() => copy(pair.shop.context('new'))),
    again(async () => {
      await tickNow(pair);
      await replay(pair.shop.context('new'));
    }),
  ];
  for (let round = 0; round < ROUNDS; round++) {
    await pair.old.client((client) =>
      client.query(`begin; ${names.map((name) => `update ${name} set n = n + 1;`).join('')} commit`),
    );
    // Replay disables new triggers, table by table. Each trigger is created in a separate transaction, which locks one table.
    for (const name of names)
      await pair.new
        .client((client) =>
          client.query(`create trigger t${round} after insert on ${name} execute procedure nothing()`),
        )
        .catch((error: unknown) => {
          if (!(error instanceof PgtideError) || error.kind !== 'busy') throw error;
        });
    const some = [names[round % 5], names[(round + 2) % 5]] as string[];
    await noting(resync(pair.shop.context('old'), resyncInput.parse({ tables: some })));
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  going = false;
  await Promise.all(loops);
  expect(deadlocks).toEqual([]);
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, names);
});
