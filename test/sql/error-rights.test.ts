/** The errors that consumers write can be read by the owner, and by roles to which the owner has granted it. */
import { describe, expect, it } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { createDatabase, createRole, postgres } from '../support/database.ts';
import { makeFollower } from '../support/node.ts';
import { stateOf } from '../support/queue.ts';

const TEXT = 'Key (email)=(ann@example.com) already exists.';

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  it('cur_error is empty for PUBLIC, in the table and in what functions answer', async () => {
    const server = await postgres(version);
    const db = await createDatabase(server, { installed: true });
    const roles = [`passer_by_${db.name}`, `consumer_${db.name}`].map((name) => name.slice(-60));
    const [passerBy = '', consumer = ''] = roles;
    for (const role of roles) await createRole(server, role);
    const queue = await db.client((client) => makeFollower(client, 'leaf'));
    await db.client((client) =>
      client.query('select * from pgq_node.set_consumer_error($1, $2, $3)', [queue, `${queue}.leaf`, TEXT]),
    );
    await db.client((client) => client.query(`grant select on pgq_node.local_state to "${consumer}"`));
    const answers = (role: string) =>
      withClient(db.targetAs(role), 'test', async (client) => ({
        table: await stateOf(client.query('select cur_error from pgq_node.local_state')),
        others: await client.query(
          'select queue_name, consumer_name, provider_node, last_tick_id, paused, uptodate from pgq_node.local_state',
        ),
        texts: (
          await client.query<{ cur_error: string | null }>(
            `select cur_error from pgq_node.get_consumer_info($1)
             union all select cur_error from pgq_node.get_consumer_state($1, $2)
             union all select cur_error from pgq_node.get_worker_state($1)`,
            [queue, `${queue}.leaf`],
          )
        ).map(({ cur_error }) => cur_error),
      }));
    expect(await answers(passerBy)).toMatchObject({
      table: ['42501', expect.anything()],
      others: [expect.objectContaining({ queue_name: queue })],
      texts: [null, null, null],
    });
    expect(await answers(consumer)).toMatchObject({ table: undefined, texts: [TEXT, TEXT, TEXT] });
    await db.superuser((client) =>
      client.query(`drop owned by "${consumer}"; drop role "${passerBy}", "${consumer}"`),
    );
  });
});
