/**
 * `add-table --create` opens nothing on the leaf that was closed on the root: row security is on from the commit that
 * creates the table, with those of the root's policies that can be carried. Whatever cannot be carried leaves the table
 * more closed, never less, and has a note.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { createMissingTables } from '../../lib/structure/create.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { followUntilSynced } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const TENANT = 'tenant_of_created';

const policies = (db: TestDatabase) =>
  db.client((client) =>
    client.query(
      `select tablename || ': ' || policyname as policy, permissive, roles::text[] as roles, cmd,
              replace(qual, '(CURRENT_USER)::text', 'CURRENT_USER') as qual, with_check
         from pg_policies where schemaname in ('public', 'shop') order by 1`,
    ),
  );

const flags = (db: TestDatabase, table: string) =>
  db.client((client) =>
    client.first(
      'select relrowsecurity as enabled, relforcerowsecurity as forced from pg_class where oid = $1::regclass',
      [table],
    ),
  );

const notesOf = ({ notes }: { notes: { table: string; text: string }[] }) =>
  notes.map(({ table, text }) => `${table}: ${text}`);

describe.each([
  { provider: 10, subscriber: 18 },
  { provider: 18, subscriber: 10 },
])('a table with row security, from PostgreSQL $provider to $subscriber', (versions) => {
  const ELSEWHERE = `only_on_${versions.provider}_of_created`;
  let it: InstalledPair;
  beforeAll(async () => {
    it = await installedPair(versions);
    for (const db of [it.old, it.new]) await createRole(db.server, TENANT);
    await createRole(it.old.server, ELSEWHERE);
    await it.old.client((client) =>
      client.query(`
        create schema shop;
        create table shop.members (tenant text primary key, login text not null);
        create table shop.orders (id int primary key, tenant text not null, note text);
        alter table shop.orders enable row level security;
        create policy own on shop.orders for select to ${TENANT}, ${ELSEWHERE}
          using (tenant in (select m.tenant from shop.members m where m.login = current_user));
        comment on policy own on shop.orders is 'one''s own';
        create policy "no ""secrets""" on shop.orders as restrictive using (note <> 'secret');
        create policy adding on shop.orders for insert to public with check (tenant <> '');
        create policy theirs on shop.orders to ${ELSEWHERE} using (true);
        insert into shop.members values ('a', '${TENANT}');
        insert into shop.orders values (1, 'a', 'mine'), (2, 'b', 'not mine'), (3, 'a', 'secret')`),
    );
  });

  test('has the same row security on the leaf as on the root, and is followed', async () => {
    const { result } = await addTable(
      it.shop.context('old'),
      addTableInput.parse({ tables: [], all: true, create: true }),
    );
    expect(result.tables).toMatchObject([
      { name: 'shop.members' },
      {
        name: 'shop.orders',
        note: [
          `the policy own was made without its role ${ELSEWHERE}, which is not on new`,
          `the policy theirs was not made: its role ${ELSEWHERE} is not on new`,
        ].join('; '),
      },
    ]);
    expect(await flags(it.new, 'shop.orders')).toEqual({ enabled: true, forced: false });
    await followUntilSynced(it);
    await it.old.client((client) => client.query(`insert into shop.orders values (4, 'a', 'later')`));
    await followUntilSynced(it);
    await it.new.client((client) =>
      client.query(
        `grant usage on schema shop to ${TENANT}; grant select on all tables in schema shop to ${TENANT}`,
      ),
    );
    const seen = await withClient(it.new.targetAs(TENANT), 'test', (client) =>
      client.query('select id from shop.orders order by 1'),
    );
    expect(seen).toEqual([{ id: 1 }, { id: 4 }]);
  });

  test('has the policies of the root', async () => {
    const onRoot = await policies(it.old);
    const expected = onRoot
      .filter(({ policy }) => policy !== 'orders: theirs')
      .map((one) => (one.policy === 'orders: own' ? { ...one, roles: [TENANT] } : one));
    expect(await policies(it.new)).toEqual(expected);
    const comment = await it.new.client((client) =>
      client.first(`select obj_description(oid, 'pg_policy') as text from pg_policy where polname = 'own'`),
    );
    expect(comment).toEqual({ text: "one's own" });
  });
});

/** Two databases, and the statements of the plain owner on both. */
const bare = async (version = 17) => {
  const [provider, subscriber] = [
    await createDatabase(await postgres(version), { installed: true }),
    await createDatabase(await postgres(version), { installed: true }),
  ];
  return { provider, subscriber };
};

test('row security that is forced upon the owner would hide rows from replay: it is not forced, with a note', async () => {
  const { provider, subscriber } = await bare();
  await provider.superuser((from) =>
    subscriber.client(async (to) => {
      await from.query(`create table public.t (id int primary key);
        alter table public.t owner to app; alter table public.t enable row level security;
        alter table public.t force row level security`);
      const { notes } = await createMissingTables(from, to, ['public.t']);
      expect(notes.map(({ text }) => text)).toContain(
        'row security is forced upon the owner on the provider, and not here: it would hide rows from app, who owns the table here and replicates',
      );
      expect(await flags(subscriber, 'public.t')).toEqual({ enabled: true, forced: false });
    }),
  );
});

test('for a role that bypasses row security it is forced, too', async () => {
  const { provider, subscriber } = await bare();
  await provider.superuser((from) =>
    subscriber.superuser(async (to) => {
      await from.query(`create table public.t (id int primary key);
        alter table public.t enable row level security; alter table public.t force row level security`);
      expect((await createMissingTables(from, to, ['public.t'])).notes).toEqual([]);
      expect(await flags(subscriber, 'public.t')).toEqual({ enabled: true, forced: true });
    }),
  );
});

test('a policy that needs objects that the leaf lacks is left out; if a restrictive one is left out, no policy permits anything', async () => {
  const { provider, subscriber } = await bare();
  await provider.client((from) =>
    subscriber.client(async (to) => {
      await from.query(`
        create function public.me() returns text stable language sql as 'select current_user::text';
        create table public.team (name text primary key);
        create table public.open (id int primary key, login text);
        create table public.shut (id int primary key, login text);
        create table public.parted (id int primary key, login text) partition by range (id);
        create table public.parted_1 partition of public.parted for values from (0) to (10);
        alter table public.open enable row level security;
        alter table public.shut enable row level security;
        alter table public.parted_1 enable row level security;
        create policy mine on public.open using (login = public.me());
        create policy everything on public.open for select using (true);
        create policy everything on public.shut using (true);
        create policy team on public.shut as restrictive using (login in (select name from public.team));
        create policy "of a part" on public.parted_1 using (login = public.me())`);
      const made = await createMissingTables(from, to, ['public.open', 'public.shut', 'public.parted']);
      expect(notesOf(made)).toEqual([
        `public.open: the policy mine was not made: function public.me() is not on ${to.node}`,
        `public.shut: the restrictive policy team was not made: table public.team is not on ${to.node}; so no policy of the table was made, and only its owner sees rows`,
        `public.parted: public.parted_1: the policy of a part was not made: function public.me() is not on ${to.node}`,
      ]);
      expect((await policies(subscriber)).map(({ policy }) => policy)).toEqual(['open: everything']);
      for (const table of ['open', 'shut', 'parted_1'])
        expect(await flags(subscriber, `public.${table}`)).toEqual({ enabled: true, forced: false });
    }),
  );
});

test('policies of a table whose row security is off are created, and row security stays off', async () => {
  const { provider, subscriber } = await bare();
  await provider.client((from) =>
    subscriber.client(async (to) => {
      await from.query(
        'create table public.off (id int primary key); create policy everything on public.off using (id > 1)',
      );
      expect((await createMissingTables(from, to, ['public.off'])).notes).toEqual([]);
      expect(await policies(subscriber)).toEqual(await policies(provider));
      expect(await flags(subscriber, 'public.off')).toEqual({ enabled: false, forced: false });
    }),
  );
});
