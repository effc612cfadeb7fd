/** The command line: the commands and their arguments. Each command is loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Terminal } from '../terminal/terminal.ts';
import type {
  AddTableOptions,
  DemoOptions,
  Exclusion,
  RemoveTableOptions,
  RunOptions,
} from './command-options.ts';
import { conclude, concludeError, EXIT } from './exit-status.ts';
import { examples, overview } from './help-texts.ts';
import type { Action, GlobalOptions, Run } from './invocation.ts';
import { addQueueCommands } from './queue/queue-program.ts';
import { addEventCommands } from './unhandled-event-program.ts';
import { OWN_USAGE, usage } from './usage.ts';

/** Parses `argv` (without node and script), runs the command, and returns the exit status. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = EXIT.holds;
  const program = buildProgram(terminal, (ended) => {
    status = ended;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) return concludeError(terminal, error);
    if (error.code === OWN_USAGE) terminal.err(`error: ${error.message}`);
    return error.exitCode === 0 ? EXIT.holds : EXIT.usage;
  }
}

/** Builds the commands for commander; docs/commands.md is generated from them. */
export function buildProgram(terminal: Terminal, ended: (status: number) => void): Command {
  const program = new Command('pgtide')
    .description(
      'Replicates PostgreSQL by functions that come and go: no server, no slot, no superuser, no restart.',
    )
    .usage('[--config FILE] COMMAND …')
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help; `pgtide help COMMAND` shows that of a command')
    .option('-c, --config <file>', 'configuration (default: $PGTIDE_CONFIG, else ./pgtide.yml)')
    .option('--no-lease', 'work by hand: take no leases; the position in the leaf keeps two runs apart')
    .option('-v, --verbose', 'one JSON line for each unit of work on stderr')
    .showHelpAfterError('usage: pgtide [--config FILE] COMMAND …; `pgtide --help` lists the commands')
    .addHelpText('after', overview)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });
  const run =
    <Arguments extends unknown[]>(action: Action<Arguments>) =>
    async (...values: unknown[]) => {
      const global = program.opts<GlobalOptions>();
      // Commander passes the command itself last.
      const verdict = await action({ terminal, global }, ...(values.slice(0, -1) as Arguments));
      ended(conclude(terminal, verdict));
    };
  addSetupCommands(program, run);
  addRunCommand(program, run);
  addInspectionCommands(program, run);
  addEventCommands(program, run);
  addQueueCommands(program, run);
  addDemoCommand(program, run);
  for (const command of program.commands)
    command
      .addHelpText('after', examples[command.name()] ?? '')
      .showHelpAfterError(
        `usage: pgtide ${command.name()} ${command.usage()}; see \`pgtide help ${command.name()}\``,
      );
  return program;
}

const queueArgument = ['<queue>', 'a queue of the configuration'] as const;
const tablesArgument = ['[tables...]', 'schema.table; without a schema: public; * and ? are wild'] as const;

const excludeOption = ['--exclude <pattern>', 'not these; as often as there are patterns', again] as const;

function addSetupCommands(program: Command, run: Run): void {
  program
    .command('init')
    .summary('install the SQL functions and create the nodes')
    .description(
      'Installs the SQL functions in every database of a queue and makes them its nodes. What is there already stays as it is, so that it may be run again, also after an upgrade.',
    )
    .argument('[queue]', 'only this queue; default all of the configuration')
    .action(
      run(async (invocation, queue?: string) => (await import('./init-command.ts')).init(invocation, queue)),
    );
  program
    .command('add-table')
    .summary('replicate tables')
    .description('Begins to capture the changes of tables, and has `run` copy their rows to every leaf.')
    .argument(...queueArgument)
    .argument(...tablesArgument)
    .option('--all', 'every table of the root')
    .option(...excludeOption)
    .option('--create', 'make missing tables on the leaves, with types, defaults, keys, checks and indexes')
    .option('--default <table.column=expression>', 'the default of a column that --create makes', again)
    .option('--expect-sync', 'the rows are on the leaves already, and equal: copy nothing')
    .option('--skip-truncate', 'leave the rows that the table holds on the leaf')
    .action(
      run(async (invocation, queue: string, tables: string[], options: AddTableOptions) =>
        (await import('./table-commands.ts')).addTable(invocation, queue, {
          ...options,
          tables: some(tables, options.all),
        }),
      ),
    );
  program
    .command('remove-table')
    .summary('stop replicating tables')
    .description(
      'Ends capture and replay of tables. A table leaves a leaf when `run` reaches its removal, after all changes from before. Rows stay on both sides.',
    )
    .argument(...queueArgument)
    .argument(...tablesArgument)
    .option('--all', 'every table of the queue')
    .option(...excludeOption)
    .option('--now', 'take them off the leaves at once; changes that are not replayed yet are lost there')
    .action(
      run(async (invocation, queue: string, tables: string[], options: RemoveTableOptions) =>
        (await import('./table-commands.ts')).removeTable(invocation, queue, {
          ...options,
          tables: some(tables, options.all),
        }),
      ),
    );
  program
    .command('resync')
    .summary('copy tables again')
    .description(
      'Has `run` copy tables again from the start, while the other tables go on. Clears the error of a table that was set aside.',
    )
    .argument(...queueArgument)
    .argument(...tablesArgument)
    .option('--all', 'every table of the queue')
    .option(...excludeOption)
    .action(
      run(async (invocation, queue: string, tables: string[], options: Exclusion & { all?: boolean }) =>
        (await import('./table-commands.ts')).resync(invocation, queue, {
          ...options,
          tables: some(tables, options.all),
        }),
      ),
    );
}

function addRunCommand(program: Command, run: Run): void {
  program
    .command('run')
    .summary('the local scheduler: tick, replay, copy, maintain')
    .description(
      'Calls the scheduled functions in this process, the way EventBridge does in the cloud, until Ctrl-C. The first Ctrl-C ends after the units that are under way, the second at once.',
    )
    .argument('[queue]', 'only this queue; default all of the configuration')
    .addOption(
      new Option(
        '--until <state>',
        'end when every table is copied and the lag is small (synced), or when every change made before the start is applied and none is waiting (idle)',
      ).choices(['synced', 'idle']),
    )
    .option('--for <seconds>', 'end after this time, at the latest', seconds)
    .option('--every <seconds>', 'time from one call of a function to the next', seconds, 1)
    .action(
      run(async (invocation, queue: string | undefined, options: RunOptions) =>
        (await import('./run-command.ts')).run(invocation, queue, options),
      ),
    );
}

function addInspectionCommands(program: Command, run: Run): void {
  program
    .command('status')
    .summary('nodes, lag, tables and problems; exit status 0 when healthy')
    .description(
      'Shows nodes, lag, tables and problems with what to do about each. Exit status 0 means healthy.',
    )
    .argument('[queue]', 'only this queue; default all of the configuration')
    .option('--json', 'one JSON document on stdout')
    .action(
      run(async (invocation, queue: string | undefined, options: { json?: boolean }) =>
        (await import('./status-command.ts')).status(invocation, queue, options),
      ),
    );
  program
    .command('compare')
    .summary('prove that tables are equal; exit status 0 when they are')
    .description(
      'Compares the rows of tables on the root with those on every leaf, while writes go on and without locking. `run` must be going, here or in the cloud, if there are writes. Exit status 0 means no difference.',
    )
    .argument(...queueArgument)
    .argument('[tables...]', 'schema.table; default all tables of the queue')
    .option(...excludeOption)
    .option('--json', 'one JSON document on stdout')
    .action(
      run(async (invocation, queue: string, tables: string[], options: Exclusion & { json?: boolean }) =>
        (await import('./compare-command.ts')).compare(invocation, queue, { ...options, tables }),
      ),
    );
}

function addDemoCommand(program: Command, run: Run): void {
  program
    .command('demo')
    .summary('PostgreSQL 13 to 17 on this machine, with writers at work')
    .description(
      'Starts PostgreSQL 13 and 17 in temporary folders, fills a shop, replicates it while writers go on, and compares. Takes about a minute, needs no configuration, and leaves nothing behind.',
    )
    .option('--json', 'one last line of JSON on stdout')
    .option('--keep', 'leave the servers up until Ctrl-C, and print how to connect')
    .action(
      run(async (invocation, options: DemoOptions) =>
        (await import('./demo-command.ts')).demo(invocation, options),
      ),
    );
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number of seconds above 0.');
  return value;
}

function again(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Requires either tables or `--all`, and not both. */
function some(tables: string[], all: boolean | undefined): string[] {
  if (all && tables.length > 0) throw usage('name tables or give --all, not both');
  if (!all && tables.length === 0) throw usage('no table is named; name tables (schema.table) or give --all');
  return tables;
}
