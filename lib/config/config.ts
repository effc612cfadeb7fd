import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type Document, LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { PgtideError } from '../errors.ts';
import { contradictions } from './contradictions.ts';
import { describeIssue, type Problem } from './describe-issue.ts';
import { caFileInUrl } from './postgres-url.ts';
import { configSchema, type nodeSchema, type queueSchema, SYSTEM_AUTHORITIES } from './schema.ts';

/**
 * A node of pgtide.yml, as checked.
 * @interface
 */
export type NodeConfig = z.output<typeof nodeSchema>;
/**
 * The settings of a queue of pgtide.yml, as checked. Its nodes are in lib/topology/tree.ts.
 * @interface
 */
export type QueueConfig = Omit<z.output<typeof queueSchema>, 'root' | 'leaves'>;
/**
 * pgtide.yml, as checked, with every default filled in.
 * @interface
 */
export type Config = z.output<typeof configSchema>;

const DEFAULT_FILE = 'pgtide.yml';

/** Returns the file's path: `--config`, else PGTIDE_CONFIG, else pgtide.yml in the working directory. */
export function configPath(option?: string): string {
  return option ?? (process.env.PGTIDE_CONFIG || DEFAULT_FILE);
}

export function loadConfig(path: string = configPath()): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PgtideError('input', `cannot read the configuration ${path}: ${(cause as Error).message}`, {
      remedy: 'write it (see docs/configuration.md), or name another file with --config or PGTIDE_CONFIG',
      cause,
    });
  }
  return withPathsFrom(dirname(path), parseConfig(text, path));
}

/**
 * Resolves the paths of CA files from the configuration's folder, which is where a deployment packages them. This
 * includes the paths in urls, but not those of urls in variables, which belong to the shell that sets them.
 */
function withPathsFrom(folder: string, config: Config): Config {
  for (const node of Object.values(config.nodes)) {
    const caFile = node.tls?.caFile ?? caFileInUrl(node.url);
    if (caFile === undefined || caFile === SYSTEM_AUTHORITIES) continue;
    node.tls = { ...node.tls, caFile: isAbsolute(caFile) ? caFile : join(folder, caFile) };
  }
  return config;
}

const MAX_MESSAGE_LENGTH = 200;

/** Returns what is wrong with the YAML. The parser names its own functions, and repeats whatever it cannot read. */
function reasonOf({ code, message }: YAMLParseError): string {
  if (code === 'MULTIPLE_DOCS') return '--- begins a second document; keep one';
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message;
}

/** Returns the document's value. An alias without its anchor, or too many aliases, are found here. */
function readValue(document: Document, refuse: (reason: string) => never): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** Checks a configuration. Throws one PgtideError of kind `input` that lists everything that is wrong with it. */
export function parseConfig(text: string, source: string = DEFAULT_FILE): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const refuse = (problems: { line: number; text: string }[]): never => {
    const list = problems
      .sort((a, b) => a.line - b.line)
      .map((problem) => `  line ${problem.line}: ${problem.text}`);
    throw new PgtideError('input', [`${source} is not valid:`, ...list].join('\n'), {
      remedy: `correct ${source}; pgtide.schema.json describes every key`,
    });
  };
  if (document.errors.length > 0)
    refuse(
      document.errors.map((error) => ({ line: lines.linePos(error.pos[0]).line, text: reasonOf(error) })),
    );
  const raw: unknown = readValue(document, (text) => refuse([{ line: 1, text }])) ?? {};
  const parsed = configSchema.safeParse(raw);
  const problems: Problem[] = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => describeIssue(issue, raw)),
    ...contradictions(raw),
  ];
  if (problems.length > 0 || !parsed.success)
    return refuse(
      problems.map(({ path, text }) => ({
        line: lineOf(path),
        text: `${path.join('.') || 'the file'}: ${text}`,
      })),
    );
  return parsed.data;
}

/** Returns the queue's configuration. Throws an error that names the configured queues if there is no such queue. */
export function queueConfig(config: Config, queue: string): QueueConfig {
  return wholeQueue(config, queue);
}

/** Returns the nodes of a queue as the configuration has them. Only for lib/topology. */
export function configuredNodes(
  config: Config,
  queue: string,
): Pick<z.output<typeof queueSchema>, 'root' | 'leaves'> {
  return wholeQueue(config, queue);
}

function wholeQueue(config: Config, queue: string): z.output<typeof queueSchema> {
  const found = Object.hasOwn(config.queues, queue) ? config.queues[queue] : undefined;
  if (!found)
    throw new PgtideError('input', `there is no queue ${JSON.stringify(queue)} in the configuration`, {
      remedy: `configured are: ${Object.keys(config.queues).join(', ') || 'none'}`,
    });
  return found;
}

/** Returns the node's configuration. Throws an error that names the configured nodes if there is no such node. */
export function nodeConfig(config: Config, node: string): NodeConfig {
  const found = Object.hasOwn(config.nodes, node) ? config.nodes[node] : undefined;
  if (!found)
    throw new PgtideError('input', `there is no node ${JSON.stringify(node)} in the configuration`, {
      remedy: `configured are: ${Object.keys(config.nodes).join(', ') || 'none'}`,
    });
  return found;
}
