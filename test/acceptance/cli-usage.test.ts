/**
 * The command line before it connects to any database: help, wrong usage, wrong configuration. Exit status 2 means wrong
 * usage, 1 that the requested condition does not hold. On stderr, `error:` gives the reason and `fix:` the remedy.
 */
import { existsSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../lib/cli/program.ts';
import { freePort } from '../../lib/demo/postgres-server.ts';
import { pgtide, startPgtide, writeConfig } from '../support/command-line.ts';
import { createDatabase, postgres } from '../support/database.ts';

const commands = ['init', 'add-table', 'remove-table', 'resync', 'run', 'status', 'compare', 'demo'];

/** Runs the command in this process: a process for each command would be slow. */
async function help(...command: string[]): Promise<string> {
  let text = '';
  const write = (line: string) => {
    text += `${line}\n`;
  };
  await runCommandLine([...command, '--help'], { out: write, err: write, interactive: false });
  return text;
}

const commandsIn = (text: string) =>
  [...(text.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z-]+) /gm)]
    .flatMap(([, name]) => name ?? [])
    .filter((name) => name !== 'help');

describe('help', () => {
  test('names every command, and shows a first replication', async () => {
    const { status, out } = await pgtide(['--help']);
    expect(status).toBe(0);
    for (const command of commands) expect(out).toContain(`\n  ${command} `);
    expect(out).toContain('pgtide add-table shop --all --create');
    expect(out).toContain('Exit status');
  });

  test.each(commands)('of %s is shown', async (command) => {
    const { status, out } = await pgtide([command, '--help']);
    expect(status).toBe(0);
    expect(out).toContain(`Usage: pgtide ${command}`);
  });

  test('of each command has an example', async () => {
    const without: string[] = [];
    for (const group of [[], ['queue']])
      for (const name of commandsIn(await help(...group))) {
        const command = ['pgtide', ...group, name].join(' ');
        if (!(await help(...group, name)).includes(`\n  $ ${command}`)) without.push(command);
      }
    expect(without).toEqual([]);
  });

  test('the version is that of the package', async () => {
    const { status, out } = await pgtide(['--version']);
    expect(status).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong usage ends with 2 and a hint', () => {
  test.each([
    [['add-tabel'], "unknown command 'add-tabel'", 'Did you mean add-table?'],
    [['run', '--untill', 'synced'], "unknown option '--untill'", 'Did you mean --until?'],
    [['run', '--until', 'tomorrow'], 'Allowed choices are synced, idle', 'usage: pgtide run'],
    [['run', '--every', 'soon'], 'must be a number of seconds', 'usage: pgtide run'],
    [['add-table'], "missing required argument 'queue'", 'usage: pgtide add-table'],
    [['add-table', 'shop'], 'no table is named', '--all'],
    [['resync', 'shop', 'a', '--all'], 'not both', '--all'],
    [['status', 'a', 'b'], 'too many arguments', 'usage: pgtide status'],
  ])('%j', async (args, message, hint) => {
    const { status, out, err } = await pgtide(args);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(`error: `);
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });

  test('no command at all', async () => {
    const { status, err } = await pgtide([]);
    expect(status).toBe(2);
    expect(err).toContain('Usage: pgtide');
  });
});

describe('a configuration that cannot be used', () => {
  test('does not exist', async () => {
    const { status, err } = await pgtide(['status', '--config', '/nowhere/pgtide.yml']);
    expect(status).toBe(1);
    expect(err).toMatch(
      /^error: cannot read the configuration \/nowhere\/pgtide\.yml: .*\nfix: .*--config.*\n$/,
    );
  });

  test('has errors, and all of them are reported', async () => {
    const file = writeConfig('nodes:\n  old: {}\nqueues:\n  shop: { root: older, leafs: [new] }\n');
    const { status, err } = await pgtide(['--config', file, 'init']);
    expect(status).toBe(1);
    expect(err).toContain('line 2: nodes.old: has neither url nor secret');
    expect(err).toContain('leafs: is not a known key');
    expect(err).not.toContain('    at ');
  });

  test.each([['init'], ['run'], ['status']])('has no queue at all, for %s', async (command) => {
    const file = writeConfig('nodes: { a: { url: "postgres://x@127.0.0.1/a" } }\nqueues: {}\n');
    const { status, err } = await pgtide([command], { PGTIDE_CONFIG: file });
    expect(status).toBe(1);
    expect(err).toMatch(/^error: there is no queue in the configuration\nfix: .*\n$/);
  });

  test('has no such queue', async () => {
    const file = writeConfig(
      'nodes:\n  a: { url: "postgres://x@127.0.0.1/a" }\nqueues:\n  shop: { root: a }\n',
    );
    const { status, err } = await pgtide(['compare', 'shoop'], { PGTIDE_CONFIG: file });
    expect(status).toBe(1);
    expect(err).toBe('error: there is no queue "shoop" in the configuration\nfix: configured are: shop\n');
  });
});

describe('a database that cannot be used', () => {
  const over = (url: string) =>
    writeConfig(
      `nodes:\n  old: { url: "${url}" }\n  new: { url: "${url}_new" }\nqueues:\n  shop: { root: old, leaves: [new] }\n`,
    );

  test.each([['init'], ['status'], ['run', '--until', 'synced']])(
    '%s: no server listens',
    async (...args) => {
      const port = await freePort();
      const { status, err } = await pgtide([
        ...args,
        '--config',
        over(`postgres://app:secret@127.0.0.1:${port}/shop`),
      ]);
      expect(status).toBe(1);
      expect(err).toContain('ECONNREFUSED');
      expect(err).toContain(`old (127.0.0.1:${port}/shop as app)`);
      expect(err).not.toContain('secret');
      expect(err).not.toContain('    at ');
    },
  );

  test.each([['init'], ['run', '--until', 'synced']])('%s: the password is wrong', async (...args) => {
    const database = await createDatabase(await postgres(17));
    const wrong = database.url.replace(/:[^:@/]*@/, ':wrong@');
    const { status, err } = await pgtide([...args, '--config', over(wrong)]);
    expect(status).toBe(1);
    expect(err).toContain('password authentication failed');
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(3);
  });

  test('init: the server asks for a password, and none is configured', async () => {
    const { target } = await createDatabase(await postgres(17));
    const url = `postgres://${target.user}@${target.host}:${target.port}/${target.database}`;
    const { status, err } = await pgtide(['init', '--config', over(url)], { HOME: '/nowhere' });
    expect(status).toBe(1);
    expect(err).toMatch(
      /^error: old \(.*\): the server asks for a password, and there is none\nfix: .*PGPASSWORD\n$/,
    );
  });

  test('init: the server has no TLS, and the node wants it', async () => {
    const { url } = await createDatabase(await postgres(17));
    const { status, err } = await pgtide(['init', '--config', over(`${url}?sslmode=require&dbname=x`)]);
    expect(status).toBe(1);
    expect(err).toMatch(/^error: .*does not support SSL.*\nfix: .*tls: \{ mode: disable \}.*\n$/);
  });

  test('PGTIDE_DEBUG shows the stack', async () => {
    const port = await freePort();
    const config = over(`postgres://app@127.0.0.1:${port}/shop`);
    const { err } = await pgtide(['init', '--config', config], { PGTIDE_DEBUG: '1' });
    expect(err).toContain('    at ');
  });
});

test.runIf(existsSync('/dev/full'))(
  'a result that cannot be written is an error without a stack',
  async () => {
    const child = startPgtide(['--help'], {}, openSync('/dev/full', 'w'));
    const { status, err } = await child.ended;
    expect(status).toBe(1);
    expect(err).toBe('error: the result cannot be written: ENOSPC: no space left on device, write\n');
  },
);
