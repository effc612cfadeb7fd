/**
 * `npm run docs`: writes the references of docs/configuration.md and docs/commands.md between their markers, from the schema of
 * pgtide.yml and from the commands as commander has them. test/unit/docs.test.ts fails when a page is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Argument, Command, Option } from 'commander';
import { examples } from '../lib/cli/help-texts.ts';
import { buildProgram } from '../lib/cli/program.ts';
import { queueExamples } from '../lib/cli/queue/help.ts';
import { configJsonSchema } from '../lib/config/schema.ts';
import { processTerminal } from '../lib/terminal/terminal.ts';

const BEGIN = '<!-- begin: written by `npm run docs` -->';
const END = '<!-- end: written by `npm run docs` -->';

interface SchemaNode {
  type?: string;
  enum?: string[];
  anyOf?: unknown[];
  minimum?: number;
  maximum?: number;
  description?: string;
  default?: unknown;
  required?: string[];
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | false;
}

/** Of one line, as a cell of a table. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(heads: string[], rows: string[][]): string {
  const lines = [heads, heads.map(() => '---'), ...rows.map((row) => row.map(cell))];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function typeOf({ type, enum: values, anyOf, minimum, maximum }: SchemaNode): string {
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  // The only union there is: bytes, as a number or as a text.
  if (anyOf) return 'bytes, such as `64MB`';
  if (type === 'array') return 'list of texts';
  const range = minimum === undefined || maximum === undefined ? '' : `, ${minimum} to ${maximum}`;
  const names: Record<string, string> = { string: 'text', integer: 'whole number', boolean: 'true or false' };
  return `${names[type ?? ''] ?? type}${range}`;
}

function shownDefault(node: SchemaNode, required: boolean): string {
  if (node.default === undefined) return required ? 'required' : '';
  return `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``;
}

interface Setting {
  path: string[];
  node: SchemaNode;
  required: boolean;
}

/** Every key below a node, those that hold others included. */
function settingsBelow(node: SchemaNode, path: string[]): Setting[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, below]) => {
    const setting = { path: [...path, key], node: below, required: node.required?.includes(key) ?? false };
    return [setting, ...settingsBelow(below, setting.path)];
  });
}

/** A section for each key of the file: `nodes`, `queues` and so on. */
export function configurationReference(): string {
  const { properties = {} } = configJsonSchema() as SchemaNode;
  const sections = Object.entries(properties).filter(([key]) => key !== '$schema');
  return sections
    .map(([key, node]) => {
      const named = node.additionalProperties || undefined;
      const path = named ? [key, 'NAME'] : [key];
      const of = named ?? node;
      const rows = settingsBelow(of, path).map((setting) => [
        `\`${setting.path.join('.')}\``,
        setting.node.properties ? '' : typeOf(setting.node),
        setting.node.properties ? '' : shownDefault(setting.node, setting.required),
        setting.node.description ?? '',
      ]);
      return `### \`${path.join('.')}\`\n\n${of.description ?? ''}\n\n${table(['key', 'type', 'default', 'meaning'], rows)}`;
    })
    .join('\n\n');
}

/** As the usage line shows it: `<queue>`, `[tables...]`. */
function shownArgument(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionText({ description, argChoices, defaultValue }: Option): string {
  const choices = argChoices ? ` (${argChoices.join(', ')})` : '';
  const standard =
    defaultValue === undefined || typeof defaultValue === 'boolean' ? '' : ` (default ${defaultValue})`;
  return `${description}${choices}${standard}`;
}

/** What a command takes: arguments, then options. */
function takes(command: Command): string[][] {
  const help = command.createHelp();
  return [
    ...help.visibleArguments(command).map((argument) => {
      const choices = argument.argChoices ? ` (${argument.argChoices.join(', ')})` : '';
      return [`\`${shownArgument(argument)}\``, `${argument.description}${choices}`];
    }),
    ...help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map((option) => [`\`${option.flags}\``, optionText(option)]),
  ];
}

function commandSection(command: Command, called: string, background: string | undefined): string {
  const usage = ['```', `${called} ${command.usage()}`.trim(), '```'].join('\n');
  const rows = takes(command);
  return [
    `### \`${called}\``,
    command.description(),
    usage,
    rows.length > 0 ? table(['takes', 'meaning'], rows) : '',
    background ? ['```', background.trim(), '```'].join('\n') : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** The options before the command, then a section for each command, with what its help says. */
export function commandReference(): string {
  const program = buildProgram(processTerminal, () => undefined);
  const global = program
    .createHelp()
    .visibleOptions(program)
    .map((option) => [`\`${option.flags}\``, option.description]);
  const sections = program.commands.flatMap((command) => {
    const called = `pgtide ${command.name()}`;
    const section = commandSection(command, called, examples[command.name()]);
    const below = command.commands.map((one) =>
      commandSection(one, `${called} ${one.name()}`, queueExamples[one.name()]),
    );
    return [section, ...below];
  });
  const heading = `### Options before the command\n\n${table(['option', 'meaning'], global)}`;
  return [heading, ...sections].join('\n\n');
}

const references: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationReference,
  'commands.md': commandReference,
};

export interface Page {
  name: string;
  file: URL;
  committed: string;
  generated: string;
}

/** The pages with a written part, as they are and as they would be written. */
export function generatedPages(): Page[] {
  return Object.entries(references).map(([name, reference]) => {
    const file = new URL(name, import.meta.url);
    const committed = readFileSync(file, 'utf8');
    const [before, rest] = committed.split(BEGIN);
    const after = rest?.split(END)[1];
    if (before === undefined || after === undefined)
      throw new Error(`docs/${name} lacks the lines ${BEGIN} and ${END}`);
    return { name, file, committed, generated: `${before}${BEGIN}\n\n${reference()}\n\n${END}${after}` };
  });
}

if (import.meta.main) for (const { file, generated } of generatedPages()) writeFileSync(file, generated);
