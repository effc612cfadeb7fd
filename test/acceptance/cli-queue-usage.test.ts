/** `pgtide queue …` before it connects to a database: wrong usage ends with status 2 and a hint, and every command has help. */
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../lib/cli/program.ts';
import type { Ended } from '../support/command-line.ts';

/** Runs the command in this process: none of them gets as far as a database. */
async function inProcess(...args: string[]): Promise<Ended> {
  const text = { out: '', err: '' };
  const terminal = {
    out: (line: string) => {
      text.out += `${line}\n`;
    },
    err: (line: string) => {
      text.err += `${line}\n`;
    },
    interactive: false,
  };
  const status = await runCommandLine(['queue', ...args], terminal);
  return { status, ...text };
}

describe('wrong usage ends with 2 and a hint', () => {
  test.each([
    [['crate'], "unknown command 'crate'", 'Did you mean create?'],
    [['set', 'mail', 'ticker_paused'], 'It must be parameter=value', 'usage: pgtide queue set'],
    [['reposition', 'mail', 'sender'], 'no place is named', '--copy'],
    [
      ['reposition', 'mail', 'sender', '--at', '1', '--copy', 'x'],
      'cannot be used with option',
      'usage: pgtide queue',
    ],
    [['register', 'mail', 'sender', '--at', 'x'], 'must be a whole number', 'usage: pgtide queue register'],
    [['delete-retries', 'mail', 'sender'], 'no event is named', '--all'],
    [['delete-retries', 'mail', 'sender', '1', '--all'], 'not both', '--all'],
    [['purge-dead-letters', 'mail', 'sender'], 'no event is named', '--all'],
    [['events', 'mail', 'sender', '--limit', '0'], 'above 0', 'usage: pgtide queue events'],
  ])('%j', async (args, message, hint) => {
    const { status, out, err } = await inProcess(...args);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });

  test('every command has help, which names the option --node', async () => {
    const { out } = await inProcess('--help');
    const commands = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+) /gm)].flatMap(
      ([, name]) => name ?? [],
    );
    expect(commands.length).toBeGreaterThan(12);
    for (const command of commands.filter((name) => name !== 'help')) {
      const help = await inProcess(command, '--help');
      expect(help.status).toBe(0);
      expect(help.out).toContain(`Usage: pgtide queue ${command}`);
      expect(help.out).toContain('--node <node>');
      expect(help.out).toContain('--json');
    }
  });
});
