import type { Client } from '../db/client.ts';
import { describeTables, nameOf, type Table } from './structure.ts';
import { compareStructure, type StructureProblem } from './structure-fit.ts';

/** What keeps the subscriber's tables of these names from following the provider's. Tables that a side lacks are passed over. */
export async function compareTables(
  provider: Client,
  subscriber: Client,
  names: readonly string[],
): Promise<StructureProblem[]> {
  const [there, here] = [await byName(provider, names), await byName(subscriber, names)];
  return names.flatMap((name) => {
    const [from, to] = [there.get(name), here.get(name)];
    return from && to ? compareStructure(from, to) : [];
  });
}

async function byName(client: Client, names: readonly string[]): Promise<Map<string, Table>> {
  const tables = await describeTables(client, names);
  return new Map(tables.map((table) => [nameOf(table), table]));
}
