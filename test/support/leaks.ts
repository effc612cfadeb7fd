/** Everything that a thrown error could show of itself, as one text that tests search for a value. */
import { inspect } from 'node:util';

export function allOf(thrown: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  const add = (value: unknown) => {
    if (value === null || typeof value !== 'object' || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Error) parts.push(value.name, value.message, String(value.stack));
    for (const key of Reflect.ownKeys(value)) {
      const inner = (value as Record<PropertyKey, unknown>)[key];
      parts.push(String(key));
      if (typeof inner === 'object') add(inner);
      else parts.push(String(inner));
    }
  };
  add(thrown);
  parts.push(inspect(thrown, { depth: 20, showHidden: true }));
  parts.push(JSON.stringify(thrown, (_key, value) => (typeof value === 'bigint' ? String(value) : value)));
  return parts.join('\n');
}
