/** Tables of Mallory's into which capture looks, and ways to see whether it did. */
import { expect } from 'vitest';
import type { Stage } from './foreign-types.ts';

/** A function that fails for any role but Mallory. */
export const spyOf = (
  mallory: string,
) => `create function spy(text) returns text language plpgsql immutable as $$ begin
  if current_user <> '${mallory}' then raise 'code of the owner runs as %', current_user; end if; return $1; end $$;`;

/** A row trigger that changes the row once more: the inner statement is captured first. */
export const again = `create function again() returns trigger language plpgsql as $$ begin
    if new.n < 10 then update hers.t set n = n + 10 where id = new.id; end if; return null; end $$;
  create trigger again after insert or update on t for each row execute procedure again();`;

/** One statement that deletes the row and inserts it with another value. */
export const replaceRow = (
  id: number,
  n: number,
) => `with gone as (delete from t where id = ${id} returning id),
  back as (insert into t select id, ${n} from gone returning id)
  delete from t where id < 0 and (select count(*) from back) > 0`;

/** The tables whose order is not settled, as status reports them. */
export const problems = async ({ owner }: Stage) =>
  (
    await owner.query<{ message: string; remedy: string }>(
      `select message, remedy from pgtide.capture_problems('shop') where code = 'order-unsettled'`,
    )
  ).map(({ message, remedy }) => `${message} / ${remedy}`);

/** Makes the database the root of the queue, and adds the table. */
export async function addTable({ owner, mallory }: Stage, table: string): Promise<void> {
  await mallory.query(`grant select, trigger on ${table} to public`);
  await owner.query(`select pgq_node.register_location('shop', 'old', 'dbname=old', false),
    pgq_node.create_node('shop', 'root', 'old', 'old.w', null, null, null)`);
  expect(await owner.query(`select (londiste.local_add_table('shop', $1)).ret_code`, [table])).toEqual([
    { ret_code: 200 },
  ]);
}

/** Gives Mallory's table to pgtide's owner. Mallory may still use it. */
export const giveToUs = (on: Stage, table: string) =>
  on.database.superuser((client) =>
    client.query(
      `alter table hers.${table} owner to ${on.database.owner}; grant all on hers.${table} to ${on.role}`,
    ),
  );

/** The values in the last event, whatever its form. */
export const lastRow = async ({ owner }: Stage) =>
  (
    await owner.first<{ data: string }>(
      'select ev_data as data from pgtide.stored_events() order by ev_id desc limit 1',
    )
  )?.data;

/** Selects the function that looks into tables as this role. */
export const lookFunctionOf = (
  role: string,
) => `select p.oid::regprocedure::text as name from pg_proc p where p.proname like 'look\\_as\\_%'
  and p.proowner = '${role}'::regrole`;
