/** A leaf whose tables belong to Mallory, and which she replicates. */
import { basename } from 'node:path';
import { expect } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { install } from '../../lib/units/install.ts';
import { allowReplicaMode, createDatabase, createRole, postgres, type TestDatabase } from './database.ts';
import { cascade, type InstalledPair } from './unit-context.ts';

const file = basename(expect.getState().testPath ?? 'file', '.test.ts').replaceAll('-', '_');
/**
 * A role exists once for all databases of a server, and test files that share the server grant and revoke it: so each file
 * has its own Mallory.
 */
export const MALLORY = `mallory_of_${file}`;

/** Functions of a role. They fail for any other role, and also for this one if it could become another role. */
export const spyOf = (role: string) => `
  create function spy(v text) returns text language plpgsql immutable as $$
    begin
      if current_user <> '${role}' then raise 'code of the owner runs as %', current_user; end if;
      begin
        reset role; set session authorization default; set role none;
      exception when others then null;
      end;
      if current_user <> '${role}' or (select rolsuper from pg_roles where rolname = current_user)
        then raise 'the owner became %', current_user; end if;
      return v;
    end $$;
  create function spying() returns trigger language plpgsql as $$
    begin perform hers.spy('x'); if tg_level = 'STATEMENT' then return null; elsif tg_op = 'DELETE' then return old; end if; return new; end $$;`;

/** Her objects on the subscriber. */
export const spy = spyOf(MALLORY);

export interface Stage extends InstalledPair {
  asMallory(sql: string): Promise<unknown>;
}

export interface Setting {
  version: number;
  role: 'superuser' | 'member' | 'member in replica mode';
}

/** The root's tables belong to the plain owner, and the leaf's to Mallory. */
export async function stage({ version, role }: Setting): Promise<Stage> {
  const server = await postgres(version);
  const old = await createDatabase(await postgres(14), { installed: true });
  const member = `member_${MALLORY}`;
  const base = await createDatabase(server, role === 'superuser' ? {} : { owner: member });
  const user = role === 'superuser' ? server.superuser : member;
  await createRole(server, MALLORY);
  await base.superuser((client) =>
    client.query(
      `grant ${MALLORY} to ${user}; create schema hers authorization ${MALLORY}; grant usage on schema hers to public`,
    ),
  );
  if (role === 'member in replica mode') await allowReplicaMode(server, member);
  const target = base.targetAs(user);
  const leaf: TestDatabase = { ...base, target, client: (work) => withClient(target, 'test', work) };
  const shop = cascade('shop', { old, new: { url: leaf.url, target } });
  await install(shop.context('old'), {});
  await old.client((client) => client.query('create schema hers'));
  return {
    old,
    new: leaf,
    shop,
    both: () => Promise.reject(new Error('the sides differ here')),
    asMallory: (sql) =>
      withClient(base.targetAs(MALLORY), 'test', (client) => client.query(`set search_path = hers; ${sql}`)),
  };
}

export const onRoot = (on: Stage, sql: string) =>
  on.old.client((client) => client.query(`set search_path = hers; ${sql}`));

export const add = (on: Stage, ...names: string[]) =>
  addTable(on.shop.context('old'), addTableInput.parse({ tables: names.map((name) => `hers.${name}`) }));

export const setAside = (on: InstalledPair) =>
  on.new.client((client) =>
    client.query<{ name: string; error: string }>(
      'select table_name as name, error from pgtide.table_state where error is not null order by 1',
    ),
  );
