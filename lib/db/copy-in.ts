import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Client } from './client.ts';

/** Returns a value in COPY's text format. */
export function copyText(value: string | null): string {
  if (value === null) return '\\N';
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
}

/**
 * Writes lines of COPY's text format to a COPY … FROM STDIN, as fast as the server accepts them. Returns the number
 * of rows. If `lines` throws, the COPY fails, and the same error is thrown.
 */
export async function copyIn(
  client: Client,
  statement: string,
  lines: AsyncIterable<string>,
): Promise<number> {
  const writing = client.connection.query(copyFrom(statement));
  let refused: unknown;
  writing.on('error', (error) => {
    refused ??= error;
  });
  let failed: unknown;
  async function* guarded() {
    try {
      yield* lines;
    } catch (error) {
      failed = error;
      throw error;
    }
  }
  try {
    await pipeline(Readable.from(guarded(), { objectMode: true, highWaterMark: 1 }), writing);
  } catch (error) {
    throw failed ?? client.errorOf(refused ?? error, statement);
  }
  return writing.rowCount;
}
