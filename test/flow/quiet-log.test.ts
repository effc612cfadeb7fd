/** pgtide leaves no ERROR in the servers' logs, even for a plain owner, who may not use replica mode. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copy } from '../../lib/units/copy.ts';
import { install } from '../../lib/units/install.ts';
import { replay } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { allowReplicaMode, createDatabase, ownServer } from '../support/database.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { cascade, type InstalledPair } from '../support/unit-context.ts';

const complaints = (folder: string) =>
  readFileSync(join(folder, 'postgres.log'), 'utf8')
    .split('\n')
    .filter((line) => /ERROR|FATAL|PANIC/.test(line) && !/starting up/.test(line));

async function pairOn(version: number) {
  const server = await ownServer({ version });
  const old = await createDatabase(server, { owner: 'plain' });
  const leaf = await createDatabase(server, { owner: 'plain' });
  const shop = cascade('shop', { old, new: leaf });
  await install(shop.context('old'), {});
  const both = async (sql: string) => {
    for (const database of [old, leaf]) await database.client((client) => client.query(sql));
  };
  const pair: InstalledPair = { old, new: leaf, shop, both };
  await both('create table item (id int primary key, name text unique)');
  return { server, pair };
}

async function severalRuns({ old, shop, ...rest }: InstalledPair): Promise<void> {
  for (const id of [1, 2, 3]) {
    await old.client((client) => client.query(`insert into item values (${id}, 'x${id}')`));
    await tickNow({ old, shop, ...rest });
    expect((await replay(shop.context('new'))).kind).toBe('applied');
    await copy(shop.context('new'));
    await status(shop.context('old'), {});
  }
}

describe.each([13, 17])('on PostgreSQL %i', (version) => {
  it('a plain owner is not refused what it has not asked for', async () => {
    const { server, pair } = await pairOn(version);
    await addTables(pair, ['item']);
    await followUntilSynced(pair);
    await severalRuns(pair);
    expect(complaints(server.folder)).toEqual([]);
    const { result } = await status(pair.shop.context('old'), {});
    expect(JSON.stringify(result)).toContain('no-replica-role');

    const onLeaf = (sql: string) => pair.new.client((client) => client.query(sql));
    const may = (time: string) => onLeaf(`select pgtide.may_use_replica(now() + interval '${time}') as may`);
    // A managed service may allow its administrators this by means that no catalog shows.
    await pair.new.superuser((client) =>
      client.query('create role rds_superuser; grant rds_superuser to plain'),
    );
    expect(await may('0')).toEqual([{ may: null }]);
    expect(await onLeaf('select pgtide.begin_apply() as replica')).toEqual([{ replica: false }]);
    expect(await may('0'), 'remembered').toEqual([{ may: false }]);
    expect(await may('25 hours')).toEqual([{ may: null }]);
    expect(await may('-1 hour'), 'by a clock that was set back since').toEqual([{ may: null }]);

    if (version >= 15) await allowReplicaMode(server, 'plain');
    else
      await pair.new.superuser((client) =>
        client.query(
          `alter role plain in database "${pair.new.name}" set session_replication_role = 'replica'`,
        ),
      );
    expect(await onLeaf('select pgtide.begin_apply() as replica')).toEqual([{ replica: true }]);
    expect(JSON.stringify((await status(pair.shop.context('old'), {})).result)).not.toContain(
      'no-replica-role',
    );
    expect(complaints(server.folder)).toEqual([]);
  });
});
