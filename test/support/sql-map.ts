/**
 * Draws docs/sql-map.md from the SQL files: which function of schema pgtide calls which, and which temporary tables each
 * creates, writes and reads. Comments in the page mark the drawn parts; all other text belongs to the page.
 */
import { basename, dirname } from 'node:path';

export interface SqlFunction {
  /** Unqualified. */
  name: string;
  /** The folder below functions/. */
  stage: string;
  /** Functions of schema pgtide that it calls, in the order of its text. */
  calls: string[];
  /** Functions that it names in SQL text that it builds. They are called when that text runs. */
  builds: string[];
  /** Temporary tables, by their use. */
  creates: string[];
  writes: string[];
  reads: string[];
}

/** A caller from outside of the schema: the path of its file, and the functions and temporary tables that the file names. */
interface Caller {
  path: string;
  calls: string[];
  tables: string[];
}

const TEMPORARY = /\bpgtide_[a-z_]+(?:%[0-9$]*s|\$\{\w+\})?/g;

/** pgtide_rows_%s and pgtide_rows_ → pgtide_rows_N: one for each table of the slice. */
function tableName(text: string): string {
  return text.replace(/_(?:%[0-9$]*s|\$\{\w+\})?$/, '_N');
}

function unique(list: string[]): string[] {
  return [...new Set(list)];
}

function tablesAfter(text: string, verb: string): string[] {
  const found = text.matchAll(
    new RegExp(`\\b(?:${verb})\\s+(?:pg_temp\\.)?(pgtide_[a-z_]+(?:%[0-9$]*s)?)`, 'g'),
  );
  return unique([...found].map((match) => tableName(match[1] ?? '')));
}

/** The text outside of quotes and comments, and the text inside of quotes. */
function splitLiterals(body: string): { code: string; literals: string } {
  const literals: string[] = [];
  const code = body.replace(/--.*|\$(\w+)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'/g, (found) => {
    if (found.startsWith('--')) return '';
    literals.push(found);
    return "''";
  });
  return { code, literals: literals.join('\n') };
}

/** The functions of schema pgtide, by name. */
export function readFunctions(files: ReadonlyMap<string, string>): Map<string, SqlFunction> {
  const sources = [...files].filter(([path]) => path.startsWith('pgtide/functions/'));
  const names = sources.map(([path]) => basename(path, '.sql').slice('pgtide.'.length));
  const namesIn = (text: string) =>
    unique([...text.matchAll(/\bpgtide\.(\w+)/g)].map((match) => match[1] ?? '')).filter((name) =>
      names.includes(name),
    );
  return new Map(
    sources.map(([path, text], index) => {
      const name = names[index] ?? '';
      const start = text.indexOf('as $$');
      const { code, literals } = splitLiterals(text.slice(start + 'as $$'.length));
      const body = `${code}\n${literals}`;
      const calls = namesIn(code).filter((other) => other !== name);
      const creates = tablesAfter(body, 'create temp (?:table|view)(?: if not exists)?');
      const writes = tablesAfter(body, 'insert into|update|delete from');
      const all = unique([...body.matchAll(TEMPORARY)].map((match) => tableName(match[0])));
      return [
        name,
        {
          name,
          stage: basename(dirname(path)),
          calls,
          builds: namesIn(literals).filter((other) => other !== name),
          creates,
          writes: writes.filter((table) => !creates.includes(table)),
          reads: all.filter((table) => !creates.includes(table) && !writes.includes(table)),
        },
      ];
    }),
  );
}

/** TypeScript files, and SQL files of other schemas, that name functions of schema pgtide. */
export function readCallers(
  sources: ReadonlyMap<string, string>,
  functions: ReadonlyMap<string, SqlFunction>,
): Caller[] {
  return [...sources]
    .map(([path, text]) => ({
      path,
      calls: unique([...text.matchAll(/\bpgtide\.(\w+)/g)].map((match) => match[1] ?? '')).filter((name) =>
        functions.has(name),
      ),
      tables: unique([...text.matchAll(TEMPORARY)].map((match) => tableName(match[0]))),
    }))
    .filter(({ calls, tables }) => calls.length + tables.length > 0);
}

export interface SqlMap {
  functions: ReadonlyMap<string, SqlFunction>;
  callers: Caller[];
}

/**
 * A tree below each of these functions, each drawn once. Functions of the stage `catalog` are left out, since nearly all
 * functions call some.
 */
function drawCalls({ functions, callers }: SqlMap, roots: string[]): string[] {
  const lines: string[] = [];
  const drawn = new Set<string>();
  const childrenOf = ({ calls, builds }: SqlFunction) =>
    [
      ...calls.map((name) => ({ name, built: false })),
      ...builds.filter((name) => !calls.includes(name)).map((name) => ({ name, built: true })),
    ].filter(({ name }) => functions.get(name)?.stage !== 'catalog');
  const draw = (name: string, first: string, indent: string, built: boolean): void => {
    const found = functions.get(name);
    if (!found) throw new Error(`docs/sql-map.md: schema pgtide has no function ${name}`);
    const children = childrenOf(found);
    const again = drawn.has(name) && children.length > 0;
    drawn.add(name);
    const from =
      first === '' ? callers.filter(({ calls }) => calls.includes(name)).map(({ path }) => path) : [];
    const notes = [
      found.stage,
      ...(built ? ['in SQL that it builds'] : []),
      ...(again ? ['see above'] : []),
      ...(from.length > 0 ? [`called by ${from.join(', ')}`] : []),
    ];
    lines.push(`${`${first}${name}`.padEnd(40)} ${notes.join('; ')}`);
    if (again) return;
    children.forEach((child, index) => {
      const last = index === children.length - 1;
      draw(child.name, `${indent}${last ? '└ ' : '├ '}`, `${indent}${last ? '  ' : '│ '}`, child.built);
    });
  };
  for (const root of roots) draw(root, '', '', false);
  return ['```text', ...lines, '```'];
}

function drawTables({ functions, callers }: SqlMap): string[] {
  const all = [...functions.values()];
  const tables = unique(all.flatMap(({ creates }) => creates)).sort();
  const list = (names: string[]) => names.map((name) => `\`${name}\``).join(', ') || '–';
  return [
    '| temporary table | created by | written by | read by |',
    '| --- | --- | --- | --- |',
    ...tables.map((table) => {
      const by = (key: 'creates' | 'writes' | 'reads') =>
        all.filter((one) => one[key].includes(table)).map(({ name }) => name);
      const outside = callers.filter(({ tables: named }) => named.includes(table)).map(({ path }) => path);
      return `| \`${table}\` | ${list(by('creates'))} | ${list(by('writes'))} | ${list([...by('reads'), ...outside])} |`;
    }),
  ];
}

const DRAWN =
  /(<!-- (calls|temporary tables):? ?([^>]*?) ?-->\n)(?:\n```text\n[\s\S]*?\n```\n|\n(?:\|.*\n)+)?/g;

/** The page, with the parts after its comments `calls: FUNCTION …` and `temporary tables` drawn again. */
export function drawPage(page: string, map: SqlMap): string {
  return page.replace(DRAWN, (_, comment: string, what: string, roots: string) => {
    const lines = what === 'calls' ? drawCalls(map, roots.split(/\s+/)) : drawTables(map);
    return `${comment}\n${lines.join('\n')}\n`;
  });
}
