/** A COPY from one server into another ends when either side fails, and leaves no session waiting. */
import { describe, expect, it } from 'vitest';
import { type Client, withClient } from '../../lib/db/client.ts';
import { copyPipe } from '../../lib/db/copy-pipe.ts';
import { type Fault, openWire, type Wire } from '../support/crash-proxy.ts';
import { createDatabase, postgres } from '../support/database.ts';

/** Far more than the buffers of the sockets hold. */
const manyRows = (row: string) =>
  `copy (select ${row}, repeat('x', 100) from generate_series(1, 200000) n) to stdout`;

interface Pipe {
  source: Client;
  sink: Client;
  wire: Wire;
}

/** Two clients of a database with an empty table. The client of `side` connects over a wire. */
async function withPipe(side: 'source' | 'sink', work: (pipe: Pipe) => Promise<void>): Promise<void> {
  const database = await createDatabase(await postgres(17));
  await database.client((client) => client.query('create table item (n int primary key, x text)'));
  const wire = await openWire(database.target);
  const target = (of: string) => (of === side ? wire.target : database.target);
  await withClient(target('source'), 'test', (source) =>
    withClient(target('sink'), 'test', async (sink) => {
      for (const client of [source, sink]) await client.query('begin');
      await work({ source, sink, wire });
      for (const client of [source, sink]) await client.query('rollback').catch(() => undefined);
    }),
  );
  expect(await database.client((client) => client.query('select * from item'))).toEqual([]);
}

describe('a COPY from server to server', () => {
  it('ends when a row does not fit; the sink stays usable', () =>
    withPipe('sink', async ({ source, sink }) => {
      await expect(
        copyPipe(source, manyRows('n % 1000'), sink, 'copy item from stdin'),
      ).rejects.toMatchObject({
        kind: 'apply',
        message: expect.stringContaining('23505 unique_violation: table public.item, constraint item_pkey'),
      });
      await sink.query('rollback');
      expect(await sink.first('select 1 as one')).toEqual({ one: 1 });
    }));

  it('ends when the source fails; the sink stays usable', () =>
    withPipe('sink', async ({ source, sink }) => {
      await expect(
        copyPipe(source, manyRows('n + 1000 / (150000 - n)'), sink, 'copy item from stdin'),
      ).rejects.toMatchObject({
        message: expect.stringMatching(/22012 division_by_zero|23505 unique_violation/),
      });
      await sink.query('rollback');
      expect(await sink.first('select 1 as one')).toEqual({ one: 1 });
    }));

  it.each(['source', 'sink'] as const)('ends when the connection of the %s breaks in the middle', (side) =>
    withPipe(side, async ({ source, sink, wire }) => {
      let bytes = 0;
      const hangUpMidway = (more: number) => {
        bytes += more;
        if (bytes > 5_000_000) wire.hangUp();
      };
      await expect(
        copyPipe(source, manyRows('n'), sink, 'copy item from stdin', hangUpMidway),
      ).rejects.toMatchObject({ kind: 'connection' });
    }),
  );

  const begins: Fault['at'] = ({ text }) => text.startsWith('copy');
  const ends: Fault['at'] = ({ type }) => type === 'c';
  it.each([
    { side: 'source', how: 'before', what: 'it begins', at: begins },
    { side: 'source', how: 'after', what: 'it has begun', at: begins },
    { side: 'sink', how: 'before', what: 'it begins', at: begins },
    { side: 'sink', how: 'after', what: 'it has begun', at: begins },
    { side: 'sink', how: 'before', what: 'its end is announced', at: ends },
    { side: 'sink', how: 'after', what: 'its end is announced', at: ends },
  ] as const)('ends when the connection of the $side breaks $how $what', ({ side, how, at }) =>
    withPipe(side, async ({ source, sink, wire }) => {
      wire.arm({ at, how });
      await expect(copyPipe(source, manyRows('n'), sink, 'copy item from stdin')).rejects.toMatchObject({
        kind: 'connection',
      });
      expect(wire.struck).toBe(true);
    }),
  );
});
