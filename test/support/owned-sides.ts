/** Two nodes with tables of Mallory's, on both of which she has put code. */
import { basename } from 'node:path';
import { expect } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { compareInput, compareWith } from '../../lib/units/compare.ts';
import { install } from '../../lib/units/install.ts';
import { replay } from '../../lib/units/replay.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from './database.ts';
import { spyOf } from './mallory.ts';
import { cascade, type InstalledPair } from './unit-context.ts';

/** A role for this test file alone: another file may revoke a membership meanwhile. */
const file = basename(expect.getState().testPath ?? 'test', '.test.ts').replaceAll('-', '_');
export const MALLORY = `mallory_${file}`;
export const MEMBER = `member_${file}`;

/** The code on her tables. */
const hers = `${spyOf(MALLORY)}
  create function lure(v text) returns text language sql immutable as $$ select hers.spy(v) $$;
  create function equal(text, text) returns bool language sql as $$ select hers.spy('x') is not null and $1 in ($2) $$;
  create function equal(oid, oid) returns bool language sql as $$ select hers.spy('x') is not null and $1 in ($2) $$;
  create operator = (procedure = equal, leftarg = text, rightarg = text);
  create operator = (procedure = equal, leftarg = oid, rightarg = oid);
  create domain word as text; create type pair as (a int, b word);`;

/**
 * On the root, her code also leaves settings behind that make sessions find her operators first. A leaf sets aside a table
 * whose code does this during a write.
 */
const settings = `create or replace function lure(v text) returns text language plpgsql immutable as $$ begin
    perform hers.spy(v);
    perform set_config('search_path', 'hers, pg_catalog', false), set_config('default_transaction_read_only', 'on', false),
            set_config('work_mem', '64kB', false);
    return v; end $$`;

export interface OwnedSides extends InstalledPair {
  /** Runs SQL as Mallory on both sides, or on the root alone. */
  mallory(sql: string): Promise<void>;
  malloryOnRoot(sql: string): Promise<void>;
}

/** A root and a leaf of these versions, each with a schema of Mallory's. A superuser or a member of her role replicates them. */
export async function sides(
  version: number,
  role: 'superuser' | 'member',
  leafVersion = 14,
): Promise<OwnedSides> {
  const databases: TestDatabase[] = [];
  for (const at of [version, leafVersion]) {
    const server = await postgres(at);
    for (const name of [MALLORY, MEMBER]) await createRole(server, name);
    const base = await createDatabase(server, role === 'superuser' ? {} : { owner: MEMBER });
    const user = role === 'superuser' ? server.superuser : MEMBER;
    await base.superuser((client) =>
      client.query(
        `create schema hers authorization ${MALLORY}; grant usage on schema hers to public; grant ${MALLORY} to ${MEMBER}`,
      ),
    );
    const target = base.targetAs(user);
    const url = new URL(base.url);
    url.username = user;
    databases.push({ ...base, url: `${url}`, target, client: (work) => withClient(target, 'test', work) });
  }
  const [old, leaf] = databases as [TestDatabase, TestDatabase];
  const shop = cascade('shop', { old, new: leaf }, { copy: { chunkBytes: 64 * 1024 } });
  await install(shop.context('old'), {});
  const asMallory = (at: TestDatabase, sql: string) =>
    withClient(
      at.targetAs(MALLORY),
      'test',
      async (client) => void (await client.query(`set search_path = hers; ${sql}`)),
    );
  const malloryOnRoot = (sql: string) => asMallory(old, sql);
  const mallory = async (sql: string) => {
    for (const at of [old, leaf]) await asMallory(at, sql);
  };
  await mallory(hers);
  await malloryOnRoot(settings);
  return { old, new: leaf, shop, both: () => Promise.reject(new Error('not here')), mallory, malloryOnRoot };
}

/** Compares all tables of the pair, while the pair replays. */
export async function compareAll(on: InstalledPair) {
  const unit = compareWith({ drive: async () => void (await replay(on.shop.context('new'))) });
  const { result } = await unit(on.shop.context('old'), compareInput.parse({}));
  return result;
}
