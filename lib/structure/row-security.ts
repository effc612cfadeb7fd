/**
 * Row security of a table that is created. A table is never more open on the subscriber than on the provider: the flag is set in the
 * transaction that creates the table, and a policy that cannot be carried over leaves fewer rows visible. So if one of its restrictive
 * policies cannot be carried over, a table gets no policies at all, and only its owner sees rows: the role that replicates, which reads and
 * writes all of them. If row security were forced on that owner, it would hide rows from replay. So it is forced only if the role is exempt
 * from row security anyway.
 */

import type { Client } from '../db/client.ts';
import { quoteIdent, quoteLiteral } from '../db/identifier.ts';
import { sqlText } from '../db/sql-text.ts';
import type { Creation } from './creation.ts';
import { usesIn } from './foreign-code.ts';
import { nameOf, type Table } from './structure.ts';
import { sqlName } from './table-statements.ts';

export interface Policy {
  /** The OID of the table. */
  table: number;
  name: string;
  permissive: boolean;
  command: string;
  /** Applies to PUBLIC. */
  public: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
  /** Functions, types and relations that its expressions depend on. */
  needs: { what: string; kind: 'function' | 'relation' | 'type'; name: string }[];
  comment: string | null;
}

/** $1: oids of relations. */
const policiesSql = sqlText('structure/policies.sql');

export function readPolicies(provider: Client, tables: readonly Table[]): Promise<Policy[]> {
  return provider.query<Policy>(policiesSql, [tables.map(({ oid }) => oid)]);
}

/** Adds the table's row security. Called after all tables are created, because policies may query them. */
export function addRowSecurity(table: Table, policies: readonly Policy[], creation: Creation): void {
  const alter = `alter table ${sqlName(table)}`;
  if (table.rowSecurity)
    creation.add(`row security of ${nameOf(table)}`, `${alter} enable row level security`);
  if (table.forcedRowSecurity && creation.server.seesAllRows)
    creation.add(`row security of ${nameOf(table)}`, `${alter} force row level security`);
  else if (table.forcedRowSecurity)
    creation.note(
      nameOf(table),
      `row security is forced upon the owner on the provider, and not here: it would hide rows from ${creation.server.role}, who owns the table here and replicates`,
    );
  const own = policies.filter((policy) => policy.table === table.oid);
  if (!lacksRestrictive(table, own, creation)) addPolicies(table, own, creation);
}

/** Returns whether the policy applies to a role of this server. A policy that lacks all of its roles applies to none. */
function holdsHere({ public: everybody, roles }: Policy, creation: Creation): boolean {
  return everybody || roles.some((role) => creation.server.roles.includes(role));
}

/** Returns the reason why the policy's expressions cannot be carried over; undefined if they can. */
function whyNot(table: Table, policy: Policy, creation: Creation): string | undefined {
  const { functions, relations, types, node } = creation.server;
  const there = { function: functions, relation: relations, type: Object.keys(types) };
  const lacking = policy.needs.find(({ kind, name }) => !there[kind].includes(name));
  if (lacking) return `${lacking.what} is not on ${node}`;
  const [use] =
    table.foreignOwner === null
      ? []
      : [policy.using, policy.check].flatMap((sql) => usesIn(sql ?? '', creation.server));
  return use && `${table.foreignOwner} has written it, and it would run ${use.what}`;
}

function lacksRestrictive(table: Table, policies: readonly Policy[], creation: Creation): boolean {
  for (const policy of policies) {
    if (policy.permissive || !holdsHere(policy, creation)) continue;
    const reason = whyNot(table, policy, creation);
    if (reason === undefined) continue;
    creation.note(
      nameOf(table),
      `the restrictive policy ${policy.name} was not made: ${reason}; so no policy of the table was made, and only its owner sees rows`,
    );
    return true;
  }
  return false;
}

/** Adds all policies in one statement: if the server refuses one of them, the table gets none. */
function addPolicies(table: Table, policies: readonly Policy[], creation: Creation): void {
  const statements = policies.flatMap((policy) => policyStatements(table, policy, creation));
  if (statements.length > 0)
    creation.try(nameOf(table), `policies of ${nameOf(table)}`, statements.join('; '));
}

function policyStatements(table: Table, policy: Policy, creation: Creation): string[] {
  const { node, roles: there } = creation.server;
  const missing = policy.roles.filter((role) => !there.includes(role));
  const roles = `role${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
  const areNot = `${missing.length > 1 ? 'are' : 'is'} not on ${node}`;
  const note = (text: string) => creation.note(nameOf(table), `the policy ${policy.name} was ${text}`);
  const reason = holdsHere(policy, creation) ? whyNot(table, policy, creation) : `its ${roles} ${areNot}`;
  if (reason !== undefined) {
    note(`not made: ${reason}`);
    return [];
  }
  if (missing.length > 0) note(`made without its ${roles}, which ${areNot}`);
  const name = `${quoteIdent(policy.name)} on ${sqlName(table)}`;
  const holders = policy.public ? ['public'] : policy.roles.filter((r) => there.includes(r)).map(quoteIdent);
  const clauses = [
    `create policy ${name} as ${policy.permissive ? 'permissive' : 'restrictive'}`,
    `for ${policy.command} to ${holders.join(', ')}`,
  ];
  if (policy.using !== null) clauses.push(`using (${policy.using})`);
  if (policy.check !== null) clauses.push(`with check (${policy.check})`);
  const made = [clauses.join(' ')];
  if (policy.comment !== null) made.push(`comment on policy ${name} is ${quoteLiteral(policy.comment)}`);
  return made;
}
