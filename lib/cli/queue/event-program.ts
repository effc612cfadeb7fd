/** `pgtide queue` …: the commands about batches, events, dead letters and rotation. */
import { type Command, Option } from 'commander';
import type { Run } from '../invocation.ts';
import { chosen, consumerArgument, ids, most, queueArgument } from './arguments.ts';
import type { QueueOptions } from './connection.ts';
import type { ListOptions } from './waiting-events.ts';

const LIMIT = 20;
const inspection = () => import('./waiting-events.ts');
const rotation = () => import('./blockers.ts');

const limit = () => new Option('--limit <n>', 'at most so many').argParser(most).default(LIMIT);

export function addEvents(group: Command, run: Run): void {
  group
    .command('batch')
    .description('Shows the batch that a consumer has open.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .action(
      run(async (invocation, queue: string, consumer: string, options: QueueOptions) =>
        (await inspection()).batch(invocation, queue, consumer, options),
      ),
    );
  group
    .command('events')
    .description('Shows the first events of the batch that a consumer has open.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .addOption(limit())
    .action(
      run(async (invocation, queue: string, consumer: string, options: ListOptions) =>
        (await inspection()).events(invocation, queue, consumer, options),
      ),
    );
  group
    .command('retries')
    .description('Shows the events that were put aside, and wait to come again.')
    .argument(...queueArgument)
    .argument('[consumer]', 'only those of this consumer')
    .addOption(limit())
    .action(
      run(async (invocation, queue: string, consumer: string | undefined, options: ListOptions) =>
        (await inspection()).retries(invocation, queue, consumer, options),
      ),
    );
  group
    .command('delete-retries')
    .description('Forgets events that wait to come again.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .argument('[events...]', 'ids, as `retries` shows them', ids)
    .option('--all', 'every one of this consumer')
    .action(
      run(
        async (
          invocation,
          queue: string,
          consumer: string,
          events: bigint[],
          options: QueueOptions & { all?: boolean },
        ) =>
          (await inspection()).forgetRetries(
            invocation,
            { queue, consumer },
            { ...options, events: chosen(events, options.all) },
          ),
      ),
    );
}

export function addDeadLetters(group: Command, run: Run): void {
  group
    .command('dead-letters')
    .description('Shows the events that were given up, the latest first.')
    .argument(...queueArgument)
    .argument('[consumer]', 'only those of this consumer')
    .addOption(limit())
    .action(
      run(async (invocation, queue: string, consumer: string | undefined, options: ListOptions) =>
        (await inspection()).deadLetters(invocation, queue, consumer, options),
      ),
    );
  group
    .command('replay-dead-letters')
    .description('Sends events that were given up to their consumer once more.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .argument('[events...]', 'ids, as `dead-letters` shows them', ids)
    .option('--all', 'every one of this consumer')
    .action(
      run(
        async (
          invocation,
          queue: string,
          consumer: string,
          events: bigint[],
          options: QueueOptions & { all?: boolean },
        ) =>
          (await inspection()).replayDead(
            invocation,
            { queue, consumer },
            { ...options, events: chosen(events, options.all) },
          ),
      ),
    );
  group
    .command('purge-dead-letters')
    .description('Forgets events that were given up.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .argument('[events...]', 'ids, as `dead-letters` shows them', ids)
    .option('--all', 'every one of this consumer')
    .option('--older-than <interval>', 'only those that were given up so long ago', '0 seconds')
    .action(
      run(
        async (
          invocation,
          queue: string,
          consumer: string,
          events: bigint[],
          options: QueueOptions & { all?: boolean; olderThan: string },
        ) =>
          (await inspection()).purgeDead(
            invocation,
            { queue, consumer },
            { ...options, events: chosen(events, options.all) },
          ),
      ),
    );
}

export function addRotation(group: Command, run: Run): void {
  group
    .command('blockers')
    .description(
      'Shows what keeps event tables from being emptied: who, since when, what it costs, and what to do. Exit status 0 means that no rotation is overdue.',
    )
    .argument('[queue]', 'default: all, on every node')
    .action(
      run(async (invocation, queue: string | undefined, options: QueueOptions) =>
        (await rotation()).blockers(invocation, queue, options),
      ),
    );
  group
    .command('new-epoch')
    .description('Repairs a queue whose database was restored from a dump, or moved to another cluster.')
    .argument(...queueArgument)
    .option('--no-tell', 'do not tell the nodes that follow; where Londiste nodes do, which would stop')
    .action(
      run(async (invocation, queue: string, options: QueueOptions & { tell: boolean }) =>
        (await rotation()).epoch(invocation, queue, options),
      ),
    );
}
