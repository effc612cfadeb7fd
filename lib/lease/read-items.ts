import { setTimeout as pause } from 'node:timers/promises';
import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PgtideError } from '../errors.ts';

type Item = Record<string, AttributeValue>;

/** Most keys that DynamoDB accepts in one request. */
const MAX_KEYS = 100;
const ATTEMPTS = 6;
/** Pause before the second attempt at unprocessed keys. It doubles before each further attempt: 1.5 s in all. */
const FIRST_PAUSE_MS = 50;

/**
 * Reads the items that have these keys, perhaps a second old; keys without an item are absent. A table that is short
 * of capacity answers only a part of a request, without an error, and returns the rest as UnprocessedKeys. An
 * unprocessed item looks like one that does not exist, so the rest is requested again, with growing pauses.
 * @throws busy, if some keys are still unprocessed after the last attempt
 */
export async function readItems(
  { client, table }: { client: DynamoDBClient; table: string },
  keys: readonly string[],
): Promise<Item[]> {
  const items: Item[] = [];
  let wanted: Item[] = keys.map((key) => ({ key: { S: key } }));
  let leftOut: Item[] = [];
  let pauses = 0;
  while (wanted.length > 0) {
    const answer = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys: wanted.slice(0, MAX_KEYS) } } }),
    );
    items.push(...(answer.Responses?.[table] ?? []));
    leftOut.push(...(answer.UnprocessedKeys?.[table]?.Keys ?? []));
    wanted = wanted.slice(MAX_KEYS);
    if (wanted.length > 0 || leftOut.length === 0) continue;
    pauses += 1;
    if (pauses === ATTEMPTS) throw tooBusy(table, leftOut.length, keys.length);
    await pause(FIRST_PAUSE_MS * 2 ** (pauses - 1) * (0.5 + Math.random() / 2));
    [wanted, leftOut] = [leftOut, []];
  }
  return items;
}

function tooBusy(table: string, missing: number, wanted: number): PgtideError {
  return new PgtideError(
    'busy',
    `lease table ${table}: ${missing} of ${wanted} items could not be read in ${ATTEMPTS} attempts`,
    { remedy: 'the next run tries again; on-demand billing has no such limit' },
  );
}
