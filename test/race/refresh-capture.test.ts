/** C3, C6: runs of maintenance overlap; two runs that update the same captures do not make each other fail. */
import { expect, it } from 'vitest';
import { refreshCapture } from '../../lib/capture/capture.ts';
import { addTables } from '../support/follow.ts';
import { installedPair } from '../support/unit-context.ts';

const settings = { captureReplicaWrites: false };

it('one run leaves captures to another that is refreshing them', async () => {
  const pair = await installedPair();
  await pair.both('create table goods (id int primary key, name text)');
  await addTables(pair, ['goods']);
  await pair.both('alter table goods add column price numeric');
  await pair.old.client((one) =>
    one.transaction({}, async () => {
      const refresh = 'select pgtide.refresh_capture($1) as name';
      expect(await one.query(refresh, ['shop'])).toEqual([{ name: 'public.goods' }]);
      expect(await pair.old.client((other) => refreshCapture(other, 'shop', settings))).toEqual([]);
    }),
  );
  expect(await pair.old.client((third) => refreshCapture(third, 'shop', settings)), 'it is done').toEqual([]);
});
