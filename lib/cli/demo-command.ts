import type { DemoServers } from '../demo/demo-servers.ts';
import { type CommandResult, interrupted } from '../local/command-result.ts';
import { withSession } from '../local/session.ts';
import { pause } from '../pause.ts';
import { type Display, openDisplay } from '../terminal/display.ts';
import type { DemoOptions } from './command-options.ts';
import { interruptible } from './interrupt.ts';
import type { Invocation } from './invocation.ts';

export async function demo(invocation: Invocation, options: DemoOptions): Promise<CommandResult> {
  const { withDemoServers } = await import('../demo/demo-servers.ts');
  const display = openDisplay(invocation.terminal);
  try {
    return await interruptible(
      () => display.say('stopping the servers, and removing what they left'),
      (stopping) => {
        display.say('starting PostgreSQL 13 and PostgreSQL 17 in temporary folders');
        return withDemoServers((servers) =>
          orInterrupted(stopping, playOn(invocation, { ...options, servers, display, stopping })),
        );
      },
    );
  } finally {
    display.close();
  }
}

interface Play extends DemoOptions {
  servers: DemoServers;
  display: Display;
  stopping: AbortSignal;
}

async function playOn({ terminal, global }: Invocation, play: Play): Promise<CommandResult> {
  const { playDemo } = await import('../demo/demo.ts');
  const { summaryLines } = await import('../demo/summary.ts');
  const { servers, display, stopping, json, keep } = play;
  const { lease, verbose } = global;
  const result = await withSession({ terminal, config: servers.configFile, lease, verbose }, (session) =>
    playDemo({ servers, session, display, stopping }),
  );
  display.close();
  if ('unfinished' in result) return result.unfinished;
  const { summary, timing, cost, verdict } = result;
  for (const line of summaryLines(summary, timing, cost)) (json ? terminal.err : terminal.out)(line);
  if (json) terminal.out(JSON.stringify(summary));
  if (keep) {
    for (const line of howToConnect(servers)) terminal.err(line);
    await pause(FOREVER_MS, stopping);
  }
  return verdict;
}

/** The longest delay of a timer, about 24 days. */
const FOREVER_MS = 2 ** 31 - 1;

function howToConnect({ provider, subscriber, configFile }: DemoServers): string[] {
  return [
    'the servers stay up until Ctrl-C:',
    `  psql "${provider.url}"      # the provider`,
    `  psql "${subscriber.url}"      # the subscriber`,
    `  export PGTIDE_CONFIG=${configFile}      # then: pgtide status, pgtide run, pgtide compare shop`,
  ];
}

/** Gives up `work` as soon as a stop is requested; its later result is ignored. */
async function orInterrupted(stopping: AbortSignal, work: Promise<CommandResult>): Promise<CommandResult> {
  work.catch(() => undefined);
  const stopped = new Promise<CommandResult>((resolve) => {
    if (stopping.aborted) resolve(interrupted);
    stopping.addEventListener('abort', () => resolve(interrupted));
  });
  return Promise.race([work, stopped]);
}
