import { quoteIdent, quoteLiteral } from '../db/identifier.ts';
import { type Creation, factName } from './creation.ts';
import type { RelationName } from './structure.ts';

/** Adds the creation of the schemas that are missing, once each. Refuses a schema in which the role may not create objects. */
export function addSchemas(names: readonly RelationName[], creation: Creation): void {
  const { server } = creation;
  const role = quoteIdent(server.role);
  for (const schema of new Set(names.map((name) => name.schema))) {
    if (server.openSchemas.includes(schema)) continue;
    server.openSchemas.push(schema);
    if (server.schemas.includes(schema))
      creation.refuse(
        `role ${server.role} may not create tables in the schema ${schema}`,
        `grant usage, create on schema ${quoteIdent(schema)} to ${role}`,
        'privilege',
      );
    else if (!server.mayCreateSchemas)
      creation.refuse(
        `role ${server.role} may not create the schema ${schema}`,
        `grant create on database ${quoteIdent(server.database)} to ${role}`,
        'privilege',
      );
    else addSchema(schema, names, creation);
  }
}

function addSchema(schema: string, names: readonly RelationName[], creation: Creation): void {
  creation.add(`schema ${schema}`, `create schema ${quoteIdent(schema)}`);
  const settings = creation.schemas.get(schema);
  if (settings?.comment)
    creation.add(
      `comment on the schema ${schema}`,
      `comment on schema ${quoteIdent(schema)} is ${quoteLiteral(settings.comment)}`,
    );
  const first = names.find((name) => name.schema === schema);
  if (settings?.granted && first)
    creation.note(factName(first), `grants of the schema ${schema} were not carried over`);
}
