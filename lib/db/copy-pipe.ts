import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { PgtideError } from '../errors.ts';
import type { Client } from './client.ts';
import { asPgtideError } from './sqlstate.ts';

export interface CopyResult {
  rows: number;
  bytes: number;
}

/**
 * Streams the rows of a COPY … TO STDOUT on one server into a COPY … FROM STDIN on another. Bytes pass through
 * unparsed and with back-pressure, so the use of memory is constant for any size. Both clients must be in a
 * transaction. After an error neither transaction can be used any more, and the source's connection may be closed.
 */
export async function copyPipe(
  source: Client,
  copyOut: string,
  sink: Client,
  copyIn: string,
  onBytes?: (bytes: number) => void,
): Promise<CopyResult> {
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes?.(chunk.length);
      done(null, chunk);
    },
  });
  const reading = source.connection.query(copyTo(copyOut));
  const writing = sink.connection.query(copyFrom(copyIn));
  let failed: PgtideError | undefined;
  reading.on('error', (error) => (failed ??= source.errorOf(error, copyOut)));
  writing.on('error', (error) => (failed ??= sink.errorOf(error, copyIn)));
  try {
    await pipeline(reading, meter, writing);
  } catch (error) {
    // The server sends a COPY to its end. On a connection that is no longer read, the next query would wait for ever.
    if (!reading.readableEnded) await source.connection.end().catch(() => undefined);
    throw failed ?? asPgtideError(error, `${source.node} → ${sink.node}`);
  }
  return { rows: writing.rowCount, bytes };
}
