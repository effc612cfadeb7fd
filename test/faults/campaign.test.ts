/**
 * C3 to C7 under faults: random schemas, workloads and schedules, with faults of every kind. At the end the leaf equals the
 * root by an independent oracle, every commit that a client saw is there, and nothing is left behind. A failure prints the
 * command that repeats it.
 */
import { writeFileSync } from 'node:fs';
import { beforeAll, expect, inject, it } from 'vitest';
import { keepWarm } from './doomed.ts';
import { type Played, playCampaign } from './play.ts';
import { type Campaign, campaignOf, describeAct } from './schedule.ts';
import { type FaultServers, startPair } from './servers.ts';
import { shrink } from './shrink.ts';
import { addPlayed, describeTotals, noTotals } from './totals.ts';

/** In a run of all tests the campaigns are short and last for some seconds. */
const asked = process.env.PGTIDE_FAULTS_MINUTES;
const minutes = Number(asked ?? 0.3);
const mostActs = asked === undefined ? 20 : Number.POSITIVE_INFINITY;
const firstSeed = Number(process.env.PGTIDE_FAULTS_SEED ?? inject('seed'));
/** The numbers of the acts to play, as in a shrunken schedule. */
const only = process.env.PGTIDE_FAULTS_ONLY?.split(',').map(Number);
const lanes = only ? 1 : Number(process.env.PGTIDE_FAULTS_LANES ?? 1);
const totalsFile = process.env.PGTIDE_FAULTS_TOTALS;

/** Major versions of provider and subscriber. */
const [provider = 13, subscriber = 17] = (process.env.PGTIDE_FAULTS_PAIR ?? '13,17').split(',').map(Number);

let pairs: FaultServers[];

beforeAll(async () => {
  keepWarm();
  pairs = [];
  for (let lane = 0; lane < lanes; lane++) pairs.push(await startPair({ old: provider, new: subscriber }));
  if (pairs.some(({ disk }) => !disk)) console.log('skipped: disk full, which only root can make');
});

const actsOf = (campaign: Campaign, numbers: number[]) =>
  campaign.acts.filter((_, nr) => numbers.includes(nr));

interface Failure {
  seed: number;
  servers: FaultServers;
  played: Played;
}

it('ends equal and in order, whatever faults it meets', { timeout: minutes * 60_000 + 600_000 }, async () => {
  const began = Date.now();
  const until = began + minutes * 60_000;
  const totals = noTotals([provider, subscriber]);
  let nextSeed = firstSeed;
  let failure: Failure | undefined;
  const numbersOf = (campaign: Campaign) => only ?? [...campaign.acts.keys()].slice(0, mostActs);
  await Promise.all(
    pairs.map(async (servers) => {
      do {
        const seed = nextSeed;
        nextSeed = (nextSeed + 1) % 2 ** 31;
        const campaign = campaignOf(seed);
        const played = await playCampaign(servers, campaign, actsOf(campaign, numbersOf(campaign)));
        addPlayed(totals, seed, played);
        if (played.problems.length > 0) failure ??= { seed, servers, played };
      } while (!failure && !only && Date.now() < until);
    }),
  );
  totals.minutes = (Date.now() - began) / 60_000;
  if (totalsFile) writeFileSync(totalsFile, JSON.stringify(totals));
  else console.log(describeTotals(totals));
  if (failure) await explain(failure, numbersOf(campaignOf(failure.seed)));
  if (!only) expect(totals.faults).toBeGreaterThan(0);
});

/** Fails with the command that repeats the failure. */
async function explain({ seed, servers, played }: Failure, numbers: number[]): Promise<void> {
  const problems = played.problems.join('\n');
  console.log(`seed ${seed} fails, its schedule is being shortened: ${problems}`);
  const campaign = campaignOf(seed);
  const shrunken = await shrink(servers, campaign, numbers);
  const lines = shrunken.map((nr) => `  ${nr}: ${describeAct(campaign.acts[nr] ?? { do: 'compare' })}`);
  expect.fail(
    `seed ${seed}: ${problems}\n\nThe shrunken schedule:\n${lines.join('\n')}\n\nRepeat it: npm run test:faults -- --seed ${seed} --only ${shrunken.join(',')}`,
  );
}
