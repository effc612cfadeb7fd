import type { core } from 'zod';
import { redact } from '../redact.ts';
import { configJsonSchema } from './schema.ts';

/** One problem of a configuration, and where it is. */
export interface Problem {
  path: readonly PropertyKey[];
  text: string;
}

interface SchemaNode {
  description?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
}

function schemaAt(path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = configJsonSchema();
  for (const key of path) {
    const below: SchemaNode | boolean | undefined =
      typeof key === 'number' ? node?.items : (node?.properties?.[String(key)] ?? node?.additionalProperties);
    node = typeof below === 'object' ? below : undefined;
  }
  return node;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      value === null || value === undefined ? undefined : (value as Record<PropertyKey, unknown>)[key],
    raw,
  );
}

/** Returns a value as a message shows it: short, without passwords. */
export function shown(value: unknown): string {
  const text = redact(JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Describes a problem at a key: the value found, the reason, and what the key is for. */
export function describeIssue(issue: core.$ZodIssue, raw: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schemaAt(issue.path)?.properties ?? {}).filter((key) => key !== '$schema');
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      text: `is not a known key; ${issue.path.length === 0 ? 'the file' : issue.path.join('.')} may have ${known.join(', ')}`,
    }));
  }
  if (issue.code === 'invalid_key')
    return [{ path: issue.path, text: issue.issues.map((inner) => inner.message).join('; ') }];
  const value = valueAt(raw, issue.path);
  const purpose = schemaAt(issue.path)?.description;
  const hint = purpose ? ` (${purpose})` : '';
  const found = value === undefined ? 'is missing' : `${shown(value)} ${reason(issue)}`;
  return [{ path: issue.path, text: `${found}${hint}` }];
}

function reason(issue: core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}
