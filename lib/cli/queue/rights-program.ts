/** `pgtide queue` …: the commands about rights. */
import { Argument, type Command } from 'commander';
import { RIGHTS, type Right } from '../../pgq/rights.ts';
import type { Run } from '../invocation.ts';
import { queueArgument } from './arguments.ts';
import type { QueueOptions } from './connection.ts';

const rights = () => import('./grants.ts');

export function addRights(group: Command, run: Run): void {
  const onQueue = (name: 'grants' | 'close' | 'open', description: string) =>
    group
      .command(name)
      .description(description)
      .argument(...queueArgument)
      .action(
        run(async (invocation, queue: string, options: QueueOptions) =>
          (await rights())[name](invocation, queue, options),
        ),
      );
  const ofRole = (name: 'grant' | 'revoke', description: string) =>
    group
      .command(name)
      .description(description)
      .argument(...queueArgument)
      .argument('<role>', 'the role, in its exact case')
      .addArgument(new Argument('<right>', 'the right').choices(RIGHTS))
      .action(
        run(async (invocation, queue: string, role: string, right: Right, options: QueueOptions) =>
          (await rights())[name](invocation, { queue, role, right }, options),
        ),
      );
  ofRole('grant', 'Gives a role a right on one queue.');
  ofRole('revoke', 'Takes a right on one queue from a role. Its consumers stay registered.');
  onQueue('grants', 'Shows who has which rights on a queue, besides its owner.');
  onQueue(
    'close',
    'Closes a queue: the roles pgq_reader, pgq_writer and pgq_admin have no rights on it any more. Grants on the queue itself stay.',
  );
  onQueue('open', 'Opens a queue for these roles. A queue that nodes follow stays closed.');
}
