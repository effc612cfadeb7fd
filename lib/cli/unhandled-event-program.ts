/** The commands about events that replay could not handle. */
import type { Command } from 'commander';
import type { Run } from './invocation.ts';
import { chosen, ids } from './queue/arguments.ts';
import type { QueueOptions } from './queue/connection.ts';

export function addEventCommands(program: Command, run: Run): void {
  const nodeOption = ['--node <node>', 'only this leaf; default all of the queue'] as const;
  program
    .command('events')
    .summary('events that replay could not handle; exit status 0 when there are none')
    .description(
      'Shows the events that replay on the leaves could not handle: set aside, or in its way; and passes that are not used up. Exit status 0 means that no event waits for a decision.',
    )
    .argument('<queue>', 'a queue of the configuration')
    .option(...nodeOption)
    .option('--json', 'one JSON document on stdout, with all that the events hold')
    .action(
      run(async (invocation, queue: string, options: QueueOptions) =>
        (await import('./unhandled-event-commands.ts')).events(invocation, queue, options),
      ),
    );
  program
    .command('pass-events')
    .summary('forget such events, or let replay go past them')
    .description(
      'Forgets events that were set aside, and lets replay go past those at which it stops, or which it has not met yet. A pass is used up when replay meets its event.',
    )
    .argument('<queue>', 'a queue of the configuration')
    .argument('[events...]', 'ids, as `events` and `status` show them', ids)
    .option('--all', 'every one that `events` shows')
    .option('--undo', 'take back passes that are not used up')
    .option(...nodeOption)
    .option('--json', 'one JSON document on stdout')
    .action(
      run(
        async (
          invocation,
          queue: string,
          events: bigint[] | undefined,
          options: QueueOptions & { all?: boolean; undo?: boolean },
        ) =>
          (await import('./unhandled-event-commands.ts')).passEvents(invocation, queue, {
            ...options,
            events: chosen(events ?? [], options.all),
          }),
      ),
    );
}
