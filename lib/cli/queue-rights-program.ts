/** `pgtide queue` …: the commands about rights. */
import { Argument, type Command } from 'commander';
import { RIGHTS, type Right } from '../pgq/rights.ts';
import type { Run } from './program.ts';
import { queueArgument } from './queue-arguments.ts';
import { rightExamples } from './queue-help.ts';
import type { QueueOptions } from './queue-node.ts';

const rights = () => import('./queue-rights.ts');
const roleArgument = ['<role>', 'the role, in its exact case'] as const;
const rightArgument = () => new Argument('<right>', 'the right').choices(RIGHTS);

export function addRights(group: Command, run: Run): void {
  group
    .command('grant')
    .description('Gives a role a right on one queue.')
    .argument(...queueArgument)
    .argument(...roleArgument)
    .addArgument(rightArgument())
    .addHelpText('after', rightExamples)
    .action(
      run(async (invocation, queue: string, role: string, right: Right, options: QueueOptions) =>
        (await rights()).grant(invocation, { queue, role, right }, options),
      ),
    );
  group
    .command('revoke')
    .description('Takes a right on one queue from a role. Its consumers stay registered.')
    .argument(...queueArgument)
    .argument(...roleArgument)
    .addArgument(rightArgument())
    .addHelpText('after', rightExamples)
    .action(
      run(async (invocation, queue: string, role: string, right: Right, options: QueueOptions) =>
        (await rights()).revoke(invocation, { queue, role, right }, options),
      ),
    );
  group
    .command('grants')
    .description('Shows who has which rights on a queue, besides its owner.')
    .argument(...queueArgument)
    .addHelpText('after', rightExamples)
    .action(
      run(async (invocation, queue: string, options: QueueOptions) =>
        (await rights()).grants(invocation, queue, options),
      ),
    );
  group
    .command('close')
    .description(
      'Closes a queue: the roles pgq_reader, pgq_writer and pgq_admin have no rights on it any more. Grants on the queue itself stay.',
    )
    .argument(...queueArgument)
    .addHelpText('after', rightExamples)
    .action(
      run(async (invocation, queue: string, options: QueueOptions) =>
        (await rights()).close(invocation, queue, options),
      ),
    );
  group
    .command('open')
    .description('Opens a queue for these roles. A queue that nodes follow stays closed.')
    .argument(...queueArgument)
    .addHelpText('after', rightExamples)
    .action(
      run(async (invocation, queue: string, options: QueueOptions) =>
        (await rights()).open(invocation, queue, options),
      ),
    );
}
