/**
 * C1: the same calls to pgq, pgq_node and londiste, with Debian's extensions and with ours, on one server, give the same
 * answers. Needs Debian's PostgreSQL 15 with these extensions; skipped, with a message, if they are missing.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import { rawRows } from '../support/queue.ts';

const programs = '/usr/lib/postgresql/15';
const extensions = ['pgq', 'pgq_node', 'londiste'];
const missing = [
  `${programs}/bin/postgres`,
  ...extensions.map((name) => `/usr/share/postgresql/15/extension/${name}.control`),
].some((path) => !existsSync(path));
if (missing) console.log("skipped: PgQ's extensions (test/support/install-peers.sh would bring them)");

const location = (queue: string, node: string) =>
  `select * from pgq_node.register_location('${queue}', '${node}', 'dbname=${node}', false)`;
const root = (queue: string) => [
  location(queue, 'r'),
  location(queue, 'n'),
  `select * from pgq_node.create_node('${queue}', 'root', 'r', 'w', null, null, null)`,
];
const follower = (queue: string, type: string, combined = 'null') => [
  location(queue, 'r'),
  location(queue, 'n'),
  `select * from pgq_node.create_node('${queue}', '${type}', 'n', '${queue}_w', 'r', 100, ${combined})`,
];
const demote = (queue: string, step: number) =>
  `select * from pgq_node.demote_root('${queue}', ${step}, 'n')`;
const insert = (queue: string) => `select pgq.insert_event('${queue}', 't', 'd')`;
const tables = (queue: string) => `select * from londiste.get_table_list('${queue}')`;
const state = (queue: string, value: string) =>
  `select * from londiste.local_set_table_state('${queue}', 'public.t', null, '${value}')`;
const change = (queue: string, table: string, args: string) =>
  `select * from londiste.local_change_handler('${queue}', '${table}', ${args}, 'handler=x')`;

/** The calls of each story, one after the other. */
const stories: Record<string, string[]> = {
  'a root steps down': [
    ...root('q'),
    demote('q', 2),
    demote('q', 4),
    demote('none', 1),
    demote('q', 1),
    insert('q'),
    demote('q', 2),
    demote('q', 2),
    demote('q', 3),
    demote('q', 3),
    `select node_type, provider_node, worker_last_tick from pgq_node.get_node_info('q')`,
    `select * from pgq_node.promote_branch('q')`,
    `select * from pgq_node.promote_branch('q')`,
    `select * from pgq_node.promote_branch('none')`,
    insert('q'),
    `select node_type, provider_node from pgq_node.get_node_info('q')`,
  ],
  'a branch is promoted': [
    ...follower('q', 'branch'),
    `select pgq.ticker('q', 120, now(), 700)`,
    `select * from pgq_node.promote_branch('q')`,
    insert('q'),
    `select pgq.force_tick('q')`,
    `select pgq.ticker('q')`,
    insert('q'),
  ],
  'a part of a combined queue': [
    ...follower('all', 'branch'),
    ...follower('part', 'leaf', `'all'`),
    `select * from pgq_node.set_partition_watermark('all', 'part', 107)`,
    `select * from pgq_node.set_partition_watermark('all', 'none', 107)`,
    `select * from pgq_node.set_partition_watermark('part', 'all', 107)`,
    `select completed_tick from pgq_node.get_consumer_state('part', 'part_w')`,
    `select * from pgq_node.set_consumer_paused('part', 'part_w', true)`,
    `select * from pgq_node.change_consumer_provider('part', 'part_w', 'n')`,
  ],
  scripts: [
    ...root('q'),
    ...follower('l', 'leaf'),
    `select * from londiste.execute_start('q', 'a.sql', 'select 1', true, 'x=1')`,
    `select * from londiste.execute_start('q', 'a.sql', 'select 1', true)`,
    `select * from londiste.execute_start('l', 'a.sql', 'select 1', false)`,
    `select * from londiste.execute_start('l', 'b.sql', 'select 1', true)`,
    `select * from londiste.execute_finish('q', 'a.sql')`,
    `select * from londiste.execute_finish('q', 'b.sql')`,
    `select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_template where ev_type = 'EXECUTE'`,
  ],
  'handlers of a table': [
    ...root('q'),
    ...follower('l', 'leaf'),
    'create table t (id int primary key, v text)',
    `select * from londiste.local_add_table('q', 'public.t', array['backup'])`,
    change('q', 'public.t', `array['ignore=v']`),
    change('none', 'public.t', `null`),
    change('q', 'public.none', `null`),
    `insert into t values (1, 'x')`,
    `select ev_type, ev_data, ev_extra1 from pgq.event_template where ev_extra1 = 'public.t'`,
    `select tgname, tgargs from pg_trigger where tgrelid = 't'::regclass order by 1`,
    `select * from londiste.local_add_table('q', 'public.t', null, 'other=1')`,
    tables('q'),
  ],
  'a table of several queues': [
    ...follower('p1', 'leaf'),
    ...follower('p2', 'leaf'),
    'create table t (id int primary key)',
    ...['p1', 'p2'].map((queue) => `select * from londiste.global_add_table('${queue}', 't')`),
    `select * from londiste.local_add_table('p1', 't', array['merge_all', 'no_merge'])`,
    `begin; select * from londiste.local_add_table('p1', 't'); rollback`,
    `select * from londiste.local_add_table('p1', 't', array['merge_all'])`,
    tables('p1'),
    tables('p2'),
    state('p1', 'in-copy'),
    state('p2', 'in-copy'),
    tables('p1'),
    tables('p2'),
    `select * from londiste.local_set_table_struct('p1', 'public.t', 'select 1')`,
    state('p2', 'catching-up'),
    tables('p1'),
    tables('p2'),
    `select * from londiste.local_set_table_attrs('p2', 'public.none', 'x')`,
    `select tgname, tgargs from pg_trigger where tgrelid = 't'::regclass and tgname like '%p1%' order by 1`,
  ],
  partitions: [
    `set client_min_messages = warning; set timezone = 'Europe/Tallinn'`,
    `create table "E v" (id int primary key, "C" timestamptz not null default now(), check (id > 0))`,
    `create index on "E v" ("C"); grant select on "E v" to public with grant option`.replace(
      ' with grant option',
      '',
    ),
    `select londiste.create_partition('E v', 'E v_2011_03', 'id', 'C', '2011-03-31 22:30+00', 'month')`,
    `select londiste.create_partition('E v', 'E v_2011_03', 'id', 'C', '2011-03-31 22:30+00', 'month')`,
    `select londiste.create_partition('E v', 'E v_week', 'id', 'C', '2011-03-31 22:30+00', 'week')`,
    `select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid::regclass::text like '"E v_%' and contype <> 'n' order by 1, 2`,
    `select indexdef from pg_indexes where tablename like 'E v_%' order by 1`,
    `select relname, a.grantee, a.privilege_type from pg_class c, aclexplode(relacl) a
      where relname like 'E v%' and relkind = 'r' and a.grantee <> relowner order by 1`,
    `select londiste.list_obsolete_partitions('public.E v', '1 month', 'month')`,
    `select londiste.is_obsolete_partition('E v_2011_03', '1 month', p) from unnest('{month,monthly,day,year}'::text[]) p`,
    `select londiste.is_obsolete_partition('E v', '1 month', 'decade')`,
    `select londiste.drop_obsolete_partitions('E v', '1 month', 'month')`,
    `select londiste.list_obsolete_partitions('E v', '1 month', 'month')`,
  ],
  'ids of events that are refused': [
    `select pgq.create_queue('q')`,
    insert('q'),
    `update pgq.queue set queue_disable_insert = true`,
    insert('q'),
    `update pgq.queue set queue_disable_insert = false, queue_per_tx_limit = 1`,
    `select pgq.insert_event('q', 't', 'd') from generate_series(1, 3)`,
    insert('q'),
    `select pgq.force_tick('q')`,
    insert('q'),
  ],
  sequences: [
    ...root('q'),
    'create sequence s',
    `select * from londiste.local_add_seq('q', 's')`,
    `select * from londiste.local_remove_seq('q', 's')`,
    `select * from londiste.local_remove_seq('q', 's')`,
    `select * from londiste.global_remove_seq('q', 's')`,
    `select * from londiste.global_update_seq('q', 's', 5)`,
    `select * from londiste.global_update_seq('none', 's', 5)`,
    `select * from londiste.root_check_seqs('none')`,
  ],
};

/** The answers, and the messages of errors without their details. */
async function play(client: Client, calls: readonly string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const call of calls) {
    const answer = await rawRows(client, call).catch((error: Error) => error.message);
    answers.push([call, answer]);
  }
  return answers;
}

describe.skipIf(missing)("beside PgQ's and Londiste's extensions", () => {
  let server: Awaited<ReturnType<typeof ownServer>>;
  beforeAll(async () => {
    server = await ownServer({ version: 15, programs });
  });

  async function both(calls: readonly string[]) {
    const make = (): Promise<TestDatabase> => createDatabase(server, { owner: 'app' });
    const [theirs, ours] = [await make(), await make()];
    await theirs.superuser(async (client) => {
      for (const name of extensions) await client.query(`create extension ${name}`);
    });
    await ours.superuser(install);
    const answers = [];
    for (const db of [theirs, ours]) answers.push(await db.superuser((client) => play(client, calls)));
    return answers;
  }

  test.each(Object.entries(stories))('%s', async (_, calls) => {
    const [theirs, ours] = await both(calls);
    expect(ours).toEqual(theirs);
  });
});
