/** `pgtide queue …` with a configuration whose only node is `app`, a database of the test file. */
import { expect } from 'vitest';
import { type Ended, pgtide, writeConfig } from '../support/command-line.ts';
import type { TestDatabase } from '../support/database.ts';

/** `database` is the one that the file has once its tests run. */
export function queueCommands(database: () => TestDatabase) {
  let env: { PGTIDE_CONFIG: string } | undefined;
  const queue = (...args: string[]): Promise<Ended> => {
    env ??= { PGTIDE_CONFIG: writeConfig(`nodes:\n  app: { url: "${database().url}" }\nqueues: {}\n`) };
    return pgtide(['queue', ...args], env);
  };
  return {
    queue,
    /** The result of a command that must succeed. */
    async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
      const { status, out, err } = await queue(...args, '--json');
      expect(status, out + err).toBe(0);
      return JSON.parse(out) as T;
    },
    sql: <T = Record<string, unknown>>(text: string, values: unknown[] = []) =>
      database().client((client) => client.query<T>(text, values)),
    /** Inserts events of the type `sign-up` into the queue `mail`. */
    insert: (...texts: string[]) =>
      database().client((client) =>
        client.query(`select pgq.insert_event('mail', 'sign-up', t) from unnest($1::text[]) t`, [texts]),
      ),
  };
}
