import { PgtideError } from '../errors.ts';
import type { SecretReader } from '../secrets/secret-reader.ts';

/**
 * Reads secrets within the time limit for opening a connection. In a network without a route to them, a request gets
 * no answer for a long time.
 */
export function inTime(secrets: SecretReader, limitMs: number): SecretReader {
  return {
    forget: (name) => secrets.forget(name),
    read: async (name) => {
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(lateError(name, limitMs)), Math.min(limitMs, LONGEST_MS));
      });
      try {
        return await Promise.race([secrets.read(name), tooLate]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

function lateError(name: string, limitMs: number): PgtideError {
  const seconds = Math.round(limitMs / 100) / 10;
  return new PgtideError('connection', `the secret ${name} was not read within ${seconds} s`, {
    remedy: 'check that there is a way from here to Secrets Manager',
  });
}
