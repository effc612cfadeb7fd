/**
 * A closed queue belongs to its owner and to the roles to which the owner has granted a right on it. The roles pgq_reader,
 * pgq_writer, pgq_admin and londiste_writer, which belong to the whole cluster, have no access, nor has code that they
 * plant for the owner to run.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { ClosedShop } from '../support/closed-shop.ts';
import { stateOf } from '../support/queue.ts';
import { administrating, attacks, batch, moving, writing } from '../support/queue-attacks.ts';

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let shop: ClosedShop;
  beforeAll(async () => {
    shop = await ClosedShop.open(version);
  });

  test('the roles of the cluster have no access to a queue that nodes follow', async () => {
    for (const role of ['reader', 'writer', 'admin', 'londiste', 'stranger']) await shop.lose(role, attacks);
    await shop.lose('admin', attacks, 'set role pgq_admin');
    await shop.lose('londiste', attacks, 'set role pgq_writer');
    for (const role of ['reader', 'admin'])
      expect(
        await shop.as(role, (client) =>
          client.query(`select ev_data from pgq.event_template union all
            select ev_data from pgq.retry_queue where ev_queue = 1`),
        ),
      ).toEqual([]);
  });

  test('a definer function of theirs, called by the owner, acts with their rights', async () => {
    for (const role of ['writer', 'admin']) {
      await shop.as(role, (client) =>
        client.query(`create function traps.of_${role}(statement text) returns void language plpgsql security definer as
          'begin execute statement; end'`),
      );
      await shop.db.client(async (client) => {
        for (const statement of [...writing, ...moving, ...administrating]) {
          const [code] = (await stateOf(client.query(`select traps.of_${role}($1)`, [statement]))) ?? [];
          expect([statement, code]).toEqual([statement, expect.stringMatching(/42501|TD009/)]);
        }
      });
    }
  });

  test('their row triggers insert no events', async () => {
    await shop.as('admin', (client) =>
      client.query(`create table traps.bait (id int primary key); grant all on traps.bait to public;
        create trigger t after insert on traps.bait for each row
          execute procedure pgq.logutriga('shop', 'ev_type=''R''', 'ev_extra1=''public.orders''')`),
    );
    for (const role of ['admin', 'writer', 'stranger'])
      await shop.lose(role, ['insert into traps.bait values (1)']);
    const captures = await shop.db.client((client) =>
      client.query<{ name: string }>(`select p.oid::regprocedure::text as name from pg_proc p
        where p.pronamespace = 'pgtide'::regnamespace and p.proname like 'capture\\_1\\_%'`),
    );
    expect(captures).toHaveLength(1);
    await shop.lose('admin', [
      `create trigger c after insert on traps.bait referencing new table as pgtide_new for each statement
        execute procedure ${captures[0]?.name}`,
    ]);
  });

  test('errors say what to do', async () => {
    const refusal = (role: string, statement: string) =>
      shop.as(role, (client) => client.query(statement)).catch((error: unknown) => error);
    expect(await refusal('stranger', `select pgq.next_batch('shop', 'leaf')`)).toMatchObject({
      kind: 'privilege',
      message: expect.stringContaining('permission denied for queue shop'),
      remedy: expect.stringContaining(`pgtide.grant_queue('shop', 'stranger', 'consume')`),
    });
    expect(await refusal('stranger', `select pgq.insert_event('shop', 'R', '')`)).toMatchObject({
      kind: 'privilege',
      message: expect.stringContaining('permission denied for sequence event_1_id_seq'),
      remedy: 'as the owner of the queue, run: pgtide queue grant shop stranger produce',
    });
    await shop.db.client((client) =>
      client.query(`select pgtide.grant_queue('shop', 'producer', 'produce')`),
    );
    expect(await refusal('producer', `select * from pgq.get_batch_events(${batch})`)).toMatchObject({
      kind: 'privilege',
      remedy: 'as the owner of the queue, run: pgtide queue grant shop producer consume',
    });
    await shop.db.client((client) =>
      client.query(`select pgtide.revoke_queue('shop', 'producer', 'produce')`),
    );
    expect(await refusal('producer', 'copy pgq.event_1_0 (ev_type) from stdin')).toMatchObject({
      kind: 'privilege',
      remedy:
        'as the owner of the queue, run: pgtide queue grant shop producer produce (to write events), or consume (to read them)',
    });
    await shop.db.client(async (client) => {
      const state = async (statement: string) => (await stateOf(client.query(statement)))?.[0];
      expect(await state(`select pgtide.grant_queue('none', 'stranger', 'consume')`)).toBe('TD002');
      expect(await state(`select pgtide.grant_queue('shop', 'absent', 'consume')`)).toBe('TD002');
      expect(await state(`select pgtide.grant_queue('shop', 'stranger', 'eat')`)).toBe('TD001');
      expect(await state(`select pgtide.grant_queue('shop', 'pgq_reader', 'consume')`)).toBe('TD001');
      expect(await state(`select pgtide.close_queue('none')`)).toBe('TD002');
    });
  });

  test('the gate of one queue does not open another one', async () => {
    await shop.renew();
    await shop.db.client((client) =>
      client.query(`select pgtide.close_queue('mail'); select pgtide.grant_queue('mail', 'consumer', 'consume'),
        pgtide.grant_queue('mail', 'consumer', 'admin')`),
    );
    const untouched = await shop.state();
    await shop.as('consumer', async (client) => {
      const gate = (call: string, ...args: string[]) =>
        client.query(
          `select * from pgq.event_2_consume('${call}', array[${args.join(', ')}]::text[]) as r(n int)`,
        );
      const { batch: theirs } = (await client.first<{ batch: bigint }>(`select ${batch} as batch`)) ?? {};
      expect(await gate('pgq.finish_batch', `'${theirs}'`)).toEqual([{ n: 0 }]);
      expect(await gate('pgq_coop.finish_batch', `'${theirs}'`)).toEqual([{ n: 0 }]);
      for (const [call, ...args] of [
        ['pgq.event_retry', `'${theirs}'`, `'1'`, 'now()::text'],
        ['pgq.batch_retry', `'${theirs}'`, `'1'`],
        ['pgtide.dead_letter_put', `'${theirs}'`, `'1'`, `'x'`],
      ] as const)
        expect((await stateOf(gate(call, ...args)))?.[0]).toBe('TD002');
      for (const call of [
        'pgq.drop_queue',
        'pgq.create_queue',
        'pgq._make_gates',
        'public.attack',
        'pg_catalog.pg_sleep',
        '',
      ])
        expect((await stateOf(gate(call, `'true'`)))?.[0]).toBe('TD001');
      expect(await gate('pgq.unregister_consumer', `'leaf'`)).toEqual([{ n: 0 }]);
    });
    expect(await shop.state()).toEqual(untouched);
    await shop.lose('consumer', attacks);
  });
});
