/** `pgtide queue …`: the commands and their arguments. */
import { type Command, Option } from 'commander';
import type { Run } from '../invocation.ts';
import { usage } from '../usage.ts';
import type { Setting } from './administration.ts';
import { consumerArgument, id, queueArgument, setting } from './arguments.ts';
import type { QueueOptions } from './connection.ts';
import type { PlaceOptions } from './consumers.ts';
import { addDeadLetters, addEvents, addRotation } from './event-program.ts';
import { queueExamples } from './help.ts';
import { addRights } from './rights-program.ts';

export function addQueueCommands(program: Command, run: Run): void {
  const group = program
    .command('queue')
    .summary('queues by themselves: create, show, consumers, batches, retries')
    .description(
      'Queues of events in a database, with or without replication: what events there are, who reads them, and how far. Works on the node that --node names; else on the root of the queue where the configuration has it; else on the only node.',
    )
    .usage('COMMAND …');
  addQueueItself(group, run);
  addConsumers(group, run);
  addSubconsumers(group, run);
  addEvents(group, run);
  addDeadLetters(group, run);
  addRotation(group, run);
  addRights(group, run);
  for (const command of group.commands) {
    command
      .option('--node <node>', 'a node of the configuration')
      .option('--json', 'one JSON document on stdout')
      .addHelpText('after', queueExamples[command.name()] ?? '')
      .showHelpAfterError(
        `usage: pgtide queue ${command.name()} ${command.usage()}; see \`pgtide queue help ${command.name()}\``,
      );
  }
}

const admin = () => import('./administration.ts');
const consumers = () => import('./consumers.ts');

function addQueueItself(group: Command, run: Run): void {
  group
    .command('install')
    .description(
      'Installs the SQL functions, for queues without replication; `pgtide init` does it for replicated ones.',
    )
    .action(run(async (invocation, options: QueueOptions) => (await admin()).install(invocation, options)));
  group
    .command('uninstall')
    .description(
      'Removes all that pgtide installed in the database of --node. Real extensions and roles stay.',
    )
    .option(
      '--force',
      'also where there are nodes or queues, with all their events and the triggers on tables',
    )
    .action(
      run(async (invocation, options: QueueOptions & { force?: boolean }) =>
        (await admin()).uninstall(invocation, options),
      ),
    );
  group
    .command('create')
    .description('Creates a queue, if it is not there, and sets parameters.')
    .argument(...queueArgument)
    .argument('[settings...]', 'parameter=value', setting)
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

function placed(options: PlaceOptions): PlaceOptions {
  if (options.at === undefined && options.copy === undefined)
    throw usage('no place is named; give --at or --copy');
  return options;
}
