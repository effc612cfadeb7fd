/** Queues with a registered consumer `reader`, and handlers for it that hand each event, or each slice of events, to a test. */
import { createConsumer, type Environment, type Handling } from '../../lib/consumer/consumer-api.ts';
import { type ConsumerWorld, lambdaContext } from '../support/consumer.ts';
import type { TestDatabase } from '../support/database.ts';
import { bringBackRetries, insertEvents, makeQueue } from '../support/queue.ts';

export const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));

/** Queues in the database that the test file has once its tests run. */
export const queuesIn = (database: () => TestDatabase) => ({
  queueWithReader: (): Promise<string> =>
    database().client(async (client) => {
      const queue = await makeQueue(client);
      await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
      return queue;
    }),
  fill: (queue: string, texts: readonly string[]) =>
    database().client((client) => insertEvents(client, queue, texts)),
  bringBack: (queue: string) => database().client((client) => bringBackRetries(client, queue)),
});

interface Options {
  environment?: Environment;
  maxEvents?: number;
  maxBytes?: number;
  retry?: { seconds?: number; max?: number };
  lease?: boolean;
}

/** Consumers without a destination: at least once. */
export const readersIn = (world: () => ConsumerWorld) => ({
  /** A consumer that takes each event by itself; what it has handled is in `seen`. */
  eventReader(
    queue: string,
    handle: (data: string, handling: Handling) => Promise<void> | void = () => undefined,
    options: Options = {},
  ) {
    const seen: string[] = [];
    const handler = createConsumer({
      queue,
      consumer: 'reader',
      environment: world().environment,
      ...options,
      onEvent: async (event, handling) => {
        await handle(event.data ?? '', handling);
        seen.push(event.data ?? '');
      },
    });
    return { seen, run: (remainingMs?: number) => handler({}, lambdaContext(remainingMs)) };
  },
  /** A consumer that takes the events of a slice together. */
  batchReader(
    queue: string,
    handle: (events: readonly string[]) => Promise<void> | void,
    options: Options = {},
  ) {
    const handler = createConsumer({
      queue,
      consumer: 'reader',
      environment: world().environment,
      ...options,
      onBatch: (events) => handle(events.map(({ data }) => data ?? '')),
    });
    return (remainingMs?: number) => handler({}, lambdaContext(remainingMs));
  },
});
