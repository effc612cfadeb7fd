/** `pgtide queue …`: what commands there are, and what they take. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Run } from './program.ts';
import type { Setting } from './queue.ts';
import type { PlaceOptions } from './queue-consumers.ts';
import type { ListOptions } from './queue-events.ts';
import { consumerExamples, eventExamples, queueExamples, settingExamples } from './queue-help.ts';
import type { QueueOptions } from './queue-node.ts';
import { usage } from './usage.ts';

const queueArgument = ['<queue>', 'the queue'] as const;
const consumerArgument = ['<consumer>', 'the consumer'] as const;
const LIMIT = 20;

export function addQueueCommands(program: Command, run: Run): void {
  const group = program
    .command('queue')
    .summary('queues by themselves: create, show, consumers, batches, retries')
    .description(
      'Queues of events in a database, with or without replication: what events there are, who reads them, and how far. Works on the node that --node names; else on the root of the queue where the configuration has it; else on the only node.',
    )
    .usage('COMMAND …')
    .addHelpText('after', queueExamples);
  addQueueItself(group, run);
  addConsumers(group, run);
  addSubconsumers(group, run);
  addEvents(group, run);
  for (const command of group.commands) {
    command
      .option('--node <node>', 'a node of the configuration')
      .option('--json', 'one JSON document on stdout')
      .showHelpAfterError(
        `usage: pgtide queue ${command.name()} ${command.usage()}; see \`pgtide queue help ${command.name()}\``,
      );
  }
}

const admin = () => import('./queue.ts');
const consumers = () => import('./queue-consumers.ts');
const inspection = () => import('./queue-events.ts');

function addQueueItself(group: Command, run: Run): void {
  group
    .command('install')
    .description(
      'Installs the SQL functions, for queues without replication; `pgtide init` does it for replicated ones.',
    )
    .action(run(async (invocation, options: QueueOptions) => (await admin()).install(invocation, options)));
  group
    .command('create')
    .description('Creates a queue, if it is not there, and sets parameters.')
    .argument(...queueArgument)
    .argument('[settings...]', 'parameter=value', setting)
    .addHelpText('after', settingExamples)
    .action(
      run(async (invocation, queue: string, settings: Setting[], options: QueueOptions) =>
        (await admin()).create(invocation, queue, settings, options),
      ),
    );
  group
    .command('drop')
    .description('Drops a queue with all its events.')
    .argument(...queueArgument)
    .option('--force', 'also where it has consumers')
    .action(
      run(async (invocation, queue: string, options: QueueOptions & { force?: boolean }) =>
        (await admin()).drop(invocation, queue, options),
      ),
    );
  group
    .command('show')
    .description('Shows queues with their settings, state and consumers.')
    .argument('[queue]', 'default: all, on every node')
    .action(
      run(async (invocation, queue: string | undefined, options: QueueOptions) =>
        (await admin()).show(invocation, queue, options),
      ),
    );
  group
    .command('set')
    .description('Sets parameters of a queue.')
    .argument(...queueArgument)
    .argument('<settings...>', 'parameter=value', setting)
    .addHelpText('after', settingExamples)
    .action(
      run(async (invocation, queue: string, settings: Setting[], options: QueueOptions) =>
        (await admin()).set(invocation, queue, settings, options),
      ),
    );
  group
    .command('tick')
    .description('Makes a tick now: all that is committed can be read.')
    .argument(...queueArgument)
    .action(
      run(async (invocation, queue: string, options: QueueOptions) =>
        (await admin()).tick(invocation, queue, options),
      ),
    );
}

const at = () => new Option('--at <tick>', 'after this tick').argParser(id).conflicts('copy');
const copy = () => new Option('--copy <consumer>', 'where this consumer is');

function addConsumers(group: Command, run: Run): void {
  group
    .command('register')
    .description(
      'Registers a consumer. It reads what comes after the last tick, or after the one that is named.',
    )
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .addOption(at())
    .addOption(copy())
    .addHelpText('after', consumerExamples)
    .action(
      run(async (invocation, queue: string, consumer: string, options: PlaceOptions) =>
        (await consumers()).register(invocation, queue, consumer, options),
      ),
    );
  group
    .command('unregister')
    .description('Ends a consumer, with what waits to come to it again.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .action(
      run(async (invocation, queue: string, consumer: string, options: QueueOptions) =>
        (await consumers()).unregister(invocation, queue, consumer, options),
      ),
    );
  group
    .command('reposition')
    .description('Moves a consumer back or forth. Its open batch is dropped.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .addOption(at())
    .addOption(copy())
    .addHelpText('after', consumerExamples)
    .action(
      run(async (invocation, queue: string, consumer: string, options: PlaceOptions) =>
        (await consumers()).reposition(invocation, queue, consumer, placed(options)),
      ),
    );
}

function addSubconsumers(group: Command, run: Run): void {
  const subconsumerArgument = ['<subconsumer>', "one of those that share the consumer's work"] as const;
  group
    .command('register-subconsumer')
    .description('Adds one to those that share the work of a consumer, which is registered if need be.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .argument(...subconsumerArgument)
    .action(
      run(async (invocation, queue: string, consumer: string, subconsumer: string, options: QueueOptions) =>
        (await consumers()).registerMember(invocation, { queue, consumer, subconsumer }, options),
      ),
    );
  group
    .command('unregister-subconsumer')
    .description('Takes one out of those that share the work of a consumer.')
    .argument(...queueArgument)
    .argument(...consumerArgument)
    .argument(...subconsumerArgument)
    .option('--close', 'also with a batch open, whose events are given up')
    .action(
      run(
        async (
          invocation,
          queue: string,
          consumer: string,
          subconsumer: string,
          options: QueueOptions & { close?: boolean },
        ) => (await consumers()).unregisterMember(invocation, { queue, consumer, subconsumer }, options),
      ),
    );
}

function addEvents(group: Command, run: Run): void {
  const limit = () => new Option('--limit <n>', 'at most so many').argParser(most).default(LIMIT);
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
    .addHelpText('after', eventExamples)
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
    .addHelpText('after', eventExamples)
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

function setting(text: string, before: Setting[] = []): Setting[] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be parameter=value.');
  return [...before, [text.slice(0, equals), text.slice(equals + 1)]];
}

function id(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function ids(text: string, before: bigint[] = []): bigint[] {
  return [...before, id(text)];
}

function most(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

function placed(options: PlaceOptions): PlaceOptions {
  if (options.at === undefined && options.copy === undefined)
    throw usage('no place is named; give --at or --copy');
  return options;
}

/** Either ids or `--all`, and not both. */
function chosen(events: bigint[], all: boolean | undefined): bigint[] {
  if (all && events.length > 0) throw usage('name events or give --all, not both');
  if (!all && events.length === 0) throw usage('no event is named; name ids or give --all');
  return events;
}
