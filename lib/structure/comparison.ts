import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { describeTables, nameOf, type Table } from './structure.ts';
import { compareStructure, type StructureProblem } from './structure-fit.ts';

/**
 * Returns the problems that keep the subscriber's tables of these names from following the provider's. Skips tables that one side lacks.
 */
export async function compareDefinitions(
  provider: Client,
  subscriber: Client,
  names: readonly string[],
): Promise<StructureProblem[]> {
  return compareDescribed(await describeBoth(provider, subscriber, names), names);
}

/** The tables of both sides, by name. */
export interface Described {
  there: ReadonlyMap<string, Table>;
  here: ReadonlyMap<string, Table>;
}

export function compareDescribed({ there, here }: Described, names: readonly string[]): StructureProblem[] {
  return names.flatMap((name) => {
    const [from, to] = [there.get(name), here.get(name)];
    return from && to ? compareStructure(from, to) : [];
  });
}

/** Describes the tables of both sides; the two servers are queried at the same time. */
export async function describeBoth(
  provider: Client,
  subscriber: Client,
  names: readonly string[],
): Promise<Described> {
  const [there, here] = await both(byName(provider, names), byName(subscriber, names));
  return { there, here };
}

async function byName(client: Client, names: readonly string[]): Promise<Map<string, Table>> {
  const tables = await describeTables(client, names);
  return new Map(tables.map((table) => [nameOf(table), table]));
}
