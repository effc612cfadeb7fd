/**
 * Writes a script that creates the functions that another server lacks, before the tables are created. The script sets
 * check_function_bodies off, so that bodies may name objects that are created later, and creates the functions in the order in which their
 * definitions depend on each other. To PostgreSQL, a body is only text, so the script includes every function whose name is a word of it.
 * The script also sets the functions' owners, and revokes EXECUTE from PUBLIC if the provider has done so: the code of another role stays
 * that role's.
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
  /** The functions that its definition depends on. */
  needs: number[];
}

/** Functions that belong neither to an extension nor to pgtide, and are not aggregates. */
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
  /** The owner; null if that is this role or a superuser. */
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
  /**
   * For each requested function that cannot be created yet, by signature: the tables whose rows it takes or returns and that the server
   * lacks.
   */
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

/**
 * Returns the functions of these signatures and all functions that they call, of those that the server lacks. Each one follows the
 * functions that its definition depends on.
 */
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

/** Returns the names that a text may call: quoted names as written, and unquoted names folded to lower case. */
function wordsOf(source: string): Set<string> {
  const plain = source.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  const quoted = source.match(/"(?:[^"]|"")+"/g) ?? [];
  return new Set([
    ...plain.map((word) => word.toLowerCase()),
    ...quoted.map((word) => word.slice(1, -1).replaceAll('""', '"')),
  ]);
}
