/** `npm run test:faults [-- --seed N --for MINUTES]`: the campaign of faults for a given time. */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { describeTotals, type Totals } from './totals.ts';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number above 0.');
  return value;
}

interface Options {
  seed: number;
  for: number;
  only?: string;
  shrink: number;
  pair: string;
  lanes: number;
  json?: true;
  verbose?: true;
}

new Command('test:faults')
  .description(
    'Random schemas, workloads and schedules under faults of every kind; in the end both sides are equal.',
  )
  .option(
    '--seed <number>',
    'the first campaign; each has a number, and goes the same way again',
    wholeNumber,
    randomInt(2 ** 31),
  )
  .option('--for <minutes>', 'how long to begin new campaigns', positive, 10)
  .option('--only <acts>', 'play these acts of one campaign alone, as a failure prints them')
  .option('--shrink <seconds>', 'how long to look for a shorter schedule that fails', wholeNumber, 180)
  .option('--pair <versions>', 'major versions of provider and subscriber', '13,17')
  .option('--lanes <number>', 'campaigns at once, each lane with servers of its own', wholeNumber, 2)
  .option('--json', 'the totals as one line of JSON, alone on standard output')
  .option('--verbose', 'tell each act before it is played')
  .action(({ seed, for: minutes, only, shrink, pair, lanes, json, verbose }: Options) => {
    const folder = mkdtempSync(join(tmpdir(), 'pgtide-totals-'));
    const totalsFile = join(folder, 'totals.json');
    const ran = spawnSync(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        'test/faults/campaign.test.ts',
        '--disable-console-intercept=true',
      ],
      {
        stdio: ['inherit', json ? 2 : 'inherit', 'inherit'],
        env: {
          ...process.env,
          PGTIDE_FAULTS_SEED: String(seed),
          PGTIDE_FAULTS_PAIR: pair,
          PGTIDE_FAULTS_MINUTES: String(minutes),
          PGTIDE_FAULTS_SHRINK_SECONDS: String(shrink),
          PGTIDE_FAULTS_LANES: String(Math.max(1, lanes)),
          PGTIDE_FAULTS_TOTALS: totalsFile,
          ...(only === undefined ? {} : { PGTIDE_FAULTS_ONLY: only }),
          ...(verbose ? { PGTIDE_FAULTS_VERBOSE: '1' } : {}),
        },
      },
    );
    if (existsSync(totalsFile)) {
      const totals: Totals = JSON.parse(readFileSync(totalsFile, 'utf8'));
      console.log(json ? JSON.stringify(totals) : describeTotals(totals));
    }
    rmSync(folder, { recursive: true });
    process.exitCode = ran.status ?? 1;
  })
  .parse();
