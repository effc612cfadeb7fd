/** A network goes silent in the middle of a run: neither side learns that the other one is gone. */
import { expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { runUnit } from '../../lib/runtime/run-unit.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import { openRelay } from '../faults/relay.ts';
import { createDatabase, postgres } from '../support/database.ts';

it.each(['while it waits for an answer', 'before it says goodbye'])(
  'a run gives up a connection that has gone silent %s, soon after its budget is spent',
  async (when) => {
    const database = await createDatabase(await postgres(17));
    const relay = await openRelay(database.target);
    const { port } = relay.through(database.target);
    const url = new URL(database.url);
    url.port = String(port);
    const config = parseConfig(
      JSON.stringify({
        nodes: { old: { url: url.href }, new: { url: 'postgres://app@127.0.0.1:1/other' } },
        queues: { shop: { root: 'old', leaves: ['new'] } },
      }),
    );
    const report = await runUnit({
      unitName: 'tick',
      config,
      queue: 'shop',
      node: 'old',
      leaseStore: null,
      owner: 'me',
      secrets: createSecretReader(),
      budgetMs: 100,
      clock: systemClock,
      log: () => undefined,
      unit: (context) =>
        context.connect('old', async (client) => {
          await client.query('select 1');
          void relay.stall(60_000);
          if (when === 'while it waits for an answer') await client.query('select 2');
          return { kind: 'idle' };
        }),
    });
    if (when === 'before it says goodbye') expect(report.outcome).toEqual({ kind: 'idle' });
    else expect(report.error).toMatchObject({ kind: 'connection' });
  },
);
