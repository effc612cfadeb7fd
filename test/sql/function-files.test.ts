/** Every SQL function is a file that begins with its contract, and follows the project's rules. */
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sqlFiles } from '../../lib/install/sql-files.ts';

test('all SQL can be installed in a database of any encoding: it is ASCII', () => {
  expect([...sqlFiles()].filter(([, text]) => /[^\n -~]/.test(text)).map(([path]) => path)).toEqual([]);
});

const files = [...sqlFiles()].filter(([path]) => /^\w+\/functions\//.test(path));

/** A statement that raises an exception, to its end; a message may hold a semicolon. */
const RAISE = /raise exception(?:'[^']*'|[^';])*;/g;
/** The SQLSTATE of a raise: by its number or, for those of PostgreSQL, by its name. */
const SQLSTATE = /(?:errcode = |sqlstate )'(\w+)'/;

function parts(text: string): { header: string; body: string } {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  return { header: lines.slice(0, end).join('\n'), body: lines.slice(end).join('\n') };
}

/** The text of the header after `label`, with its continuation lines. */
function said(header: string, label: string): string | undefined {
  return new RegExp(`^-- ${label}: ((?:.*)(?:\n-- {3,}.*)*)`, 'm').exec(header)?.[1];
}

describe.each(files)('%s', (path, text) => {
  const name = basename(path, '.sql');
  const { header, body } = parts(text);
  const errors = said(header, 'Errors') ?? '';

  test('defines the function that it is named after, and no other', () => {
    const defined = [...body.matchAll(/^create or replace function ([a-z_.0-9]+)/gm)].map(
      (match) => match[1],
    );
    expect(new Set(defined)).toEqual(new Set([name]));
    expect(header.startsWith(`-- ${name}(`)).toBe(true);
  });

  test('says what it returns and what it writes', () => {
    expect(said(header, 'Returns')).toBeTruthy();
    expect(said(header, 'Writes')).toBeTruthy();
  });

  test('names each SQLSTATE that it raises, and each error has one', () => {
    const raises = [...body.matchAll(RAISE)].map((match) => match[0]);
    // The exception is in the text of a function that is created again whenever its text differs, which takes rights of the
    // table's owner.
    const without = raises.filter((raise) => !/errcode = |raise exception sqlstate /.test(raise));
    expect(without.filter((raise) => !raise.includes('this function is not as it was made'))).toEqual([]);
    const states = new Set(raises.flatMap((raise) => SQLSTATE.exec(raise)?.[1] ?? []));
    if (!errors.startsWith('as ')) for (const state of states) expect(errors).toContain(state);
    // PgQ's programs use the texts alone; each error has one of our SQLSTATEs.
    if (!path.startsWith('pgtide/')) for (const state of states) expect(state).toMatch(/^TD00\d$/);
  });

  test('names the tables that it writes, and the temporary tables that it creates', () => {
    const writes = said(header, 'Writes') ?? '';
    const written = [
      ...body.matchAll(
        /\b(?:insert into|update|delete from|create temp table(?: if not exists)?) (?:pg_temp\.)?((?:(?:pgq|pgq_coop|pgq_ext|pgq_node|londiste|pgtide)\.|pgtide_)\w+)/g,
      ),
    ];
    for (const [, table = ''] of written) {
      const schema = table.split('.')[0] ?? '';
      expect(writes.includes(table) || writes.includes(`${schema}'s`), `Writes: ${table}`).toBe(true);
    }
  });

  test('pins the search path where it runs with its owner’s rights', () => {
    for (const [, definition = ''] of body.matchAll(/^create or replace function([\s\S]*?)as \$\$/gm)) {
      if (/security definer/.test(definition)) {
        expect(definition).toContain('set search_path = pg_catalog, pg_temp');
      }
    }
  });

  test('is plain ASCII, so that it goes into a database of any encoding, and not too long', () => {
    expect(/^[\x20-\x7e\n]*$/.test(text)).toBe(true);
    expect(body.split('\n').length).toBeLessThanOrEqual(140);
  });
});
