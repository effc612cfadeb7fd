/** The README is true where that can be checked: every setting with its default, every command. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configJsonSchema } from '../../lib/config/schema.ts';
import { pgtide } from '../support/command-line.ts';

/** Without the blanks that line up a table's columns. */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/ {2,}\|/g, ' |');

interface SchemaNode {
  description?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | false;
}

/** Every key as the README writes it, with what it says of it. */
function settings(node: SchemaNode, path: string[] = []): { key: string; node: SchemaNode }[] {
  if (node.additionalProperties) return settings(node.additionalProperties, [...path, 'NAME']);
  if (!node.properties) return [{ key: path.join('.'), node }];
  return Object.entries(node.properties)
    .filter(([key]) => key !== '$schema')
    .flatMap(([key, below]) => settings(below, [...path, key]));
}

test.each(settings(configJsonSchema()))('describes $key', ({ key, node }) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${key}\` |`)) ?? '';
  expect(row).toContain(node.description);
  if (node.default !== undefined) {
    const shown = typeof node.default === 'string' ? node.default : JSON.stringify(node.default);
    expect(row).toContain(`| \`${shown}\` |`);
  }
});

test('shows every command', async () => {
  const { out } = await pgtide(['--help']);
  const commands = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+) /gm)].flatMap(
    ([, name]) => name ?? [],
  );
  expect(commands.length).toBeGreaterThan(7);
  for (const command of commands.filter((name) => name !== 'help'))
    expect(readme).toContain(`\`pgtide ${command}`);
});
