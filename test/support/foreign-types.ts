/** A role that owns tables and types on a provider, with code on them. pgtide's owner captures the tables. */
import { type Client, withClient } from '../../lib/db/client.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from './database.ts';

/** Types of Mallory's, whose casts call functions that fail for any other role. */
export const typesOf = (mallory: string) => `
  create function spy(text) returns text language plpgsql immutable as $$ begin
    if current_user <> '${mallory}' then raise 'foreign code runs as %', current_user; end if; return $1; end $$;
  create type mood as enum ('calm', 'wild');
  create type pair as (a int, b text);
  create type span as range (subtype = int4);
  create domain checked as text check (spy(value) is not null);
  create domain calm as mood check (spy(value::varchar) is not null);
  create type deep as (c checked);
  ${['mood', 'pair', 'pair[]', 'mood[]', 'span', 'deep']
    .flatMap((type, nr) => [
      `create function text_${nr}(${type}) returns text language sql as $$ select spy('x') $$`,
      `create cast (${type} as text) with function text_${nr}(${type}) as assignment`,
      `create function json_${nr}(${type}) returns json language sql as $$ select to_json(spy('x')) $$`,
      `create cast (${type} as json) with function json_${nr}(${type}) as assignment`,
    ])
    .join(';')};
  create function mood(text) returns mood language sql as $$ select case when spy('x') is not null then 'calm'::mood end $$;
  create cast (text as mood) with function mood(text) as assignment`;

export interface Stage {
  database: TestDatabase;
  /** The client of pgtide's owner. */
  owner: Client;
  mallory: Client;
  /** Mallory's role. */
  role: string;
}

/** A database of pgtide's owner, with a queue, and a schema of Mallory's with the objects that `setUp` creates. */
export async function stageOf(
  mallory: string,
  { version, setUp, member = false }: { version: number; setUp: string; member?: boolean },
  story: (on: Stage) => Promise<void>,
): Promise<void> {
  const server = await postgres(version);
  const database = await createDatabase(server, { installed: true });
  await createRole(server, mallory);
  await database.superuser((client) =>
    client.query(
      `create schema hers authorization ${mallory}; ${member ? `grant ${mallory} to ${database.owner}` : ''}`,
    ),
  );
  await database.client(async (owner) => {
    await owner.query(`select pgq.create_queue('shop')`);
    await withClient(database.targetAs(mallory), 'test', async (client) => {
      await client.query(`set search_path = hers; grant usage on schema hers to public; ${setUp}`);
      await story({ database, owner, mallory: client, role: mallory });
    });
  });
}

/** Mallory allows the replication of her table. */
export async function capture({ owner, mallory }: Stage, table: string): Promise<void> {
  await mallory.query(`grant select, trigger on ${table} to public`);
  await owner.query(`select pgtide.create_capture('shop', $1::text::regclass, $1)`, [table]);
}

/** The rows in the events, in order. */
export async function data(owner: Client): Promise<Record<string, unknown>[]> {
  const rows = await owner.query<{ data: string }>(
    `select ev_data as data from pgtide.stored_events() where ev_type like '{%' order by ev_id`,
  );
  return rows.map((row) => JSON.parse(row.data));
}
