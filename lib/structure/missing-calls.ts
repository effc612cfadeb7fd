/**
 * Finds calls of PostgreSQL's own functions that the other server's version lacks. The catalog keeps no dependency on those functions, so
 * they are read from the stored expressions. A call counts as missing if no function of that name on the server takes as many arguments.
 * Argument types are not compared: among functions of one name, PostgreSQL finds the one that fits.
 */
import type { Client } from '../db/client.ts';
import type { Creation } from './creation.ts';

/** Names of PostgreSQL's functions, with the fewest and the most arguments that they take. */
export type Builtins = Record<string, [fewest: number, most: number]>;

const fewest = 'p.pronargs - p.pronargdefaults';
const most = 'case when p.provariadic <> 0 then 100 else p.pronargs end';
const own = `p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace`;

export const builtinsSql = `
select jsonb_object_agg(name, jsonb_build_array(fewest, most)) as builtins
  from (select p.proname as name, min(${fewest}) as fewest, max(${most}) as most from pg_proc p where ${own} group by 1) f`;

/** A part of a table that calls functions. */
export type Part = 'default' | 'check' | 'index';

interface Calls {
  table: number;
  part: Part;
  name: string;
  calls: [name: string, fewest: number, most: number][];
}

/** $1: oids of relations. Defaults and generated columns by column; constraints and indexes by name. */
const callsSql = `
with part(relation, part, name, expression) as (
  select d.adrelid, 'default', a.attname::text, d.adbin::text
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   where d.adrelid = any ($1::oid[])
  union all
  select k.conrelid, 'check', k.conname::text, k.conbin::text from pg_constraint k where k.conrelid = any ($1::oid[]) and k.contype = 'c'
  union all
  select i.indrelid, 'index', c.relname::text, concat(i.indexprs::text, i.indpred::text)
    from pg_index i join pg_class c on c.oid = i.indexrelid
   where i.indrelid = any ($1::oid[]) and (i.indexprs is not null or i.indpred is not null)
)
select relation as table, part, name,
       (select jsonb_agg(distinct jsonb_build_array(p.proname, ${fewest}, ${most}))
          from regexp_matches(expression, ':(funcid|opno) (\\d+)', 'g') m
          join pg_proc p on p.oid = case m[1] when 'funcid' then m[2]::oid
                                              else (select o.oprcode::oid from pg_operator o where o.oid = m[2]::oid) end
         where ${own}) as calls
  from part
 where expression ~ ':(funcid|opno) '`;

/** Records in `creation` the parts of the tables that call a function which its server lacks. */
export async function findMissingCalls(
  provider: Client,
  oids: readonly number[],
  creation: Creation,
): Promise<void> {
  for (const { table, part, name, calls } of await provider.query<Calls>(callsSql, [oids])) {
    const lacking = (calls ?? []).find((call) => !isThere(call, creation.server.builtins));
    if (lacking) creation.missingCalls.set(`${table} ${part} ${name}`, lacking[0]);
  }
}

function isThere([name, least, greatest]: Calls['calls'][number], builtins: Builtins): boolean {
  const found = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
  return found !== undefined && least <= found[1] && greatest >= found[0];
}
