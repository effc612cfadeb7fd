/** `npm run bench [-- CASE…] [--json] [--rounds N] [--scale X] [--svg FILE]`: pgtide beside its peers, on this machine. */
import { writeFileSync } from 'node:fs';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { findBuild } from './build.ts';
import { capture } from './capture.ts';
import type { BenchCase, BenchResult } from './case.ts';
import { chartOf } from './chart.ts';
import { compare } from './compare.ts';
import { copy } from './copy.ts';
import { idle } from './idle.ts';
import { queue } from './queue.ts';
import { replay } from './replay.ts';
import { reportLines, skippedLines } from './report.ts';
import { scale as scaleCase } from './scale.ts';
import { runCase, type ScopeOptions } from './scope.ts';
import { tpcb } from './tpcb.ts';

const cases: readonly BenchCase[] = [capture, tpcb, copy, replay, compare, queue, idle, scaleCase];

interface Options {
  json?: true;
  rounds: number;
  scale: number;
  svg?: string;
  postgres?: number;
  verbose?: true;
}

async function bench(
  chosen: readonly string[],
  { json, rounds, scale, svg, postgres, verbose }: Options,
): Promise<void> {
  const began = performance.now();
  const build = findBuild(postgres);
  const say = (line: string) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(5)} s  ${line}\n`);
  };
  say(build.name);
  for (const line of skippedLines(build)) say(line);
  const detail = verbose ? say : () => undefined;
  const results: BenchResult[] = [];
  for (const one of cases.filter(({ name }) => chosen.includes('all') || chosen.includes(name)))
    results.push(...(await unlessItFails(one, { build, rounds, scale, say, detail })));
  if (svg) writeFileSync(svg, chartOf(results));
  const output = json ? [JSON.stringify(results)] : reportLines(results, build);
  process.stdout.write(`${output.join('\n')}\n`);
}

/** A case that fails makes the whole run fail at its end; the other cases are still measured. */
async function unlessItFails(one: BenchCase, options: ScopeOptions): Promise<BenchResult[]> {
  try {
    return await runCase(one, options);
  } catch (error) {
    process.exitCode = 1;
    options.say(`${one.name} failed: ${error instanceof Error ? error.stack : error}`);
    return [];
  }
}

function positive(whole: boolean) {
  return (text: string): number => {
    const value = Number(text);
    if (!(value > 0) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`must be a ${whole ? 'whole ' : ''}number above 0`);
    return value;
  };
}

// Each server adds a handler.
process.setMaxListeners(0);
// Servers and folders are removed when the process exits, so its exit handlers must run on Ctrl-C, too.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

await new Command('bench')
  .description('Measures pgtide beside its peers, in turn, in one run.')
  .addArgument(
    new Argument('[case...]', 'what is measured')
      .choices(['all', ...cases.map(({ name }) => name)])
      .default(['all'], 'all'),
  )
  .option('--json', 'print one array, on the last line')
  .option('--rounds <n>', 'how often each side is measured; medians count', positive(true), 3)
  .option('--scale <x>', 'multiply rows, transactions and seconds, for a quick try', positive(false), 1)
  .option('--svg <file>', 'write a chart')
  .addOption(
    new Option('--postgres <version>', 'the npm package of this version, whatever else is here').argParser(
      positive(true),
    ),
  )
  .option('--verbose', 'tell where the time goes')
  .action(bench)
  .parseAsync();
