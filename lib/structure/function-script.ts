/**
 * Functions that another server lacks, as a script that makes them there before the tables are: with check_function_bodies off, so that
 * their bodies may name what comes later, and in the order in which their definitions depend on each other. What a body calls is only text to
 * PostgreSQL, so every function whose name is a word of it comes along. Owners and the closing of a function to PUBLIC come along, too:
 * the code of another role stays that role's.
 */

import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { sqlText } from '../db/sql-text.ts';
import { Creation } from './creation.ts';
import { addTypes } from './needed-types.ts';
import { ownSchemas } from './own-schemas.ts';
import { addSchemas } from './schema-statements.ts';

interface Candidate {
  oid: number;
  /** As regprocedure writes it. */
  signature: string;
  name: string;
  source: string;
  /** Those that its definition stands on. */
  needs: number[];
}

/** Neither of extensions, nor of pgtide, nor aggregates. */
const candidatesSql = `
select p.oid, p.oid::regprocedure::text as signature, p.proname::text as name, p.prosrc as source,
       array(select d.refobjid from pg_depend d
              where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass) as needs
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.oid >= 16384 and n.nspname <> all ($1::text[]) and n.nspname !~ '^pg_'
   and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
   and not exists (select from pg_aggregate a where a.aggfnoid = p.oid)
 order by 2`;

interface Definition {
  oid: number;
  schema: string;
  signature: string;
  definition: string;
  /** Where that is neither this role nor a superuser. */
  owner: string | null;
  /** PUBLIC may not run it. */
  closed: boolean;
  types: number[];
  /** Tables and views whose rows it takes or returns. */
  rowsOf: string[];
}

/** $1: oids of functions. */
const definitionsSql = sqlText('structure/function-definitions.sql');

export interface FunctionScript {
  sql: string;
  /** Of the functions that were asked for, by signature: the tables whose rows they take, and which are not there. */
  awaiting: Map<string, string[]>;
}

export async function scriptFunctions(
  provider: Client,
  signatures: readonly string[],
  creation: Creation,
): Promise<FunctionScript> {
  const candidates = await provider.query<Candidate>(candidatesSql, [ownSchemas]);
  const ordered = inOrder(candidates, signatures, creation.found.functions);
  const found = await provider.query<Definition>(definitionsSql, [ordered.map(({ oid }) => oid)]);
  const definitions = ordered.flatMap(({ oid }) => found.find((one) => one.oid === oid) ?? []);
  const lacking = (one: Definition) =>
    one.rowsOf.filter((relation) => !creation.found.relations.includes(relation));
  const possible = definitions.filter((one) => lacking(one).length === 0);
  const before = new Creation({ ...creation.found, mayCreateSchemas: true });
  addSchemas(
    possible.map(({ schema }) => ({ schema, name: '' })),
    before,
  );
  await addTypes(
    provider,
    new Map(possible.flatMap(({ types, signature }) => types.map((t) => [t, signature]))),
    before,
  );
  creation.obstacles.push(...before.obstacles.filter(({ kind }) => kind === 'privilege'));
  const made = [...before.statements.map(({ sql }) => sql), ...possible.flatMap(statementsOf)];
  const later = definitions
    .filter((one) => lacking(one).length > 0)
    .map(
      (one) => `-- ${one.signature} takes or returns rows of ${lacking(one).join(', ')}: make it after that`,
    );
  return {
    sql: ['set check_function_bodies = off;', ...made.map((sql) => `${sql};`), ...later].join('\n'),
    awaiting: new Map(
      definitions
        .filter((one) => signatures.includes(one.signature) && lacking(one).length > 0)
        .map((one) => [one.signature, lacking(one)]),
    ),
  };
}

function statementsOf({ definition, signature, owner, closed }: Definition): string[] {
  const statements = [definition.trimEnd()];
  if (closed) statements.push(`revoke execute on function ${signature} from public`);
  if (owner !== null) statements.push(`alter function ${signature} owner to ${quoteIdent(owner)}`);
  return statements;
}

/** Those of these signatures and all that they call and the server lacks, each after what its definition stands on. */
function inOrder(
  candidates: readonly Candidate[],
  signatures: readonly string[],
  there: readonly string[],
): Candidate[] {
  const ordered: Candidate[] = [];
  const met = new Set<number>();
  const lacking = candidates.filter(({ signature }) => !there.includes(signature));
  const visit = (one: Candidate): void => {
    if (met.has(one.oid)) return;
    met.add(one.oid);
    const words = wordsOf(one.source);
    for (const other of lacking) if (one.needs.includes(other.oid) || words.has(other.name)) visit(other);
    ordered.push(one);
  };
  for (const one of lacking) if (signatures.includes(one.signature)) visit(one);
  return ordered;
}

/** Names that a text may call: as they stand there, and folded as names without quotes are. */
function wordsOf(source: string): Set<string> {
  const plain = source.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  const quoted = source.match(/"(?:[^"]|"")+"/g) ?? [];
  return new Set([
    ...plain.map((word) => word.toLowerCase()),
    ...quoted.map((word) => word.slice(1, -1).replaceAll('""', '"')),
  ]);
}
