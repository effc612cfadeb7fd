/** Two databases of a queue without replay: tests decide what the subscriber holds and when it has caught up. */
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Drive } from '../../lib/compare/catch-up.ts';
import type { Client } from '../../lib/db/client.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { type CompareResult, type CompareSettings, compareWith } from '../../lib/units/compare.ts';
import { pair, type TestDatabase } from './database.ts';
import { cascade } from './unit-context.ts';

export interface ComparePair {
  readonly provider: TestDatabase;
  readonly subscriber: TestDatabase;
  /** Runs the same statements on both sides. */
  both(sql: string): Promise<void>;
  onProvider(sql: string): Promise<void>;
  onSubscriber(sql: string): Promise<void>;
  /** Adds tables to the queue, without copying or capturing anything. */
  follow(names: string[], state?: string | null): Promise<void>;
  /** Creates a table of the queue on both sides, with the same rows. */
  table(name: string, columns: string, rows?: string): Promise<void>;
  /** Compares. Whenever the comparison waits, `apply` runs, and the subscriber's position passes the awaited tick. */
  compare(options?: CompareRun): Promise<CompareResult & { outcome: string }>;
}

interface CompareRun {
  tables?: string[];
  apply?: () => Promise<void>;
  settings?: CompareSettings;
  context?: Partial<UnitContext>;
  budgetMs?: number;
}

const QUEUE = 'shop';

const nodesSql = `
  insert into pgq_node.node_location values ('shop', 'old', 'node:old'), ('shop', 'new', 'node:new');
  insert into pgq_node.node_info (queue_name, node_type, node_name, worker_name) values ('shop', 'leaf', 'new', 'shop.new');
  insert into pgq_node.local_state (queue_name, consumer_name, provider_node, last_tick_id)
  values ('shop', 'shop.new', 'old', 1)`;

export async function comparePair(versions: { provider: number; subscriber: number }): Promise<ComparePair> {
  const { provider, subscriber } = await pair(versions);
  const nodes = cascade(QUEUE, { old: provider, new: subscriber });
  const run = (database: TestDatabase, sql: string) =>
    database.client(async (client: Client) => void (await client.query(sql)));
  await run(provider, `select pgq.create_queue('${QUEUE}')`);
  await run(subscriber, nodesSql);
  const pass: Drive = ({ tick }) =>
    run(
      subscriber,
      `update pgq_node.local_state set last_tick_id = ${tick} where consumer_name = 'shop.new'`,
    );
  const both = async (sql: string) => void (await Promise.all([run(provider, sql), run(subscriber, sql)]));
  const follow = (names: string[], state: string | null = 'ok') =>
    subscriber.client(async (client) => {
      for (const name of names)
        await client.query(
          `insert into londiste.table_info (queue_name, table_name, local, merge_state) values ($1, $2, true, $3)`,
          [QUEUE, name, state],
        );
    });
  return {
    provider,
    subscriber,
    both,
    onProvider: (sql) => run(provider, sql),
    onSubscriber: (sql) => run(subscriber, sql),
    follow,
    async table(name, columns, rows) {
      await both(`create table ${name} (${columns}); ${rows ? `insert into ${name} ${rows}` : ''}`);
      await follow([`public.${name}`]);
    },
    async compare({ tables, apply, settings, context, budgetMs = 60_000 } = {}) {
      const drive: Drive = async (goal) => {
        await apply?.();
        await pass(goal);
      };
      const unit = compareWith({ drive, ...settings });
      const budget = new Budget(systemClock, budgetMs);
      const { outcome, result } = await unit(
        nodes.context('old', { budget, ...context }),
        tables ? { tables } : {},
      );
      return { ...result, outcome: outcome.kind };
    },
  };
}
