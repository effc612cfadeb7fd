/**
 * C3 to C7 under fire: random schemas, workloads and schedules, with faults of every kind. In the end the leaf equals the root by an
 * independent oracle, every commit that a client saw is there, and nothing is left behind. A failure prints what repeats it.
 */
import { beforeAll, expect, inject, it } from 'vitest';
import { keepWarm } from './doomed.ts';
import { type FaultName, faultNames } from './fault-names.ts';
import { playCampaign } from './play.ts';
import { campaignOf, describeAct } from './schedule.ts';
import { type FaultServers, startPair } from './servers.ts';
import { shrink } from './shrink.ts';

/** Among all other tests: short campaigns, for some seconds. */
const asked = process.env.PGTIDE_FAULTS_MINUTES;
const minutes = Number(asked ?? 0.3);
const mostActs = asked === undefined ? 20 : Number.POSITIVE_INFINITY;
const firstSeed = Number(process.env.PGTIDE_FAULTS_SEED ?? inject('seed'));
/** The acts to play, by number; a shrunken schedule. */
const only = process.env.PGTIDE_FAULTS_ONLY?.split(',').map(Number);

/** Major versions of provider and subscriber. */
const [provider = 13, subscriber = 17] = (process.env.PGTIDE_FAULTS_PAIR ?? '13,17').split(',').map(Number);

let servers: FaultServers;

beforeAll(async () => {
  keepWarm();
  servers = await startPair({ old: provider, new: subscriber });
});

const table = (faults: Map<FaultName, number>): string =>
  [...faultNames].map((name) => `${String(faults.get(name) ?? 0).padStart(6)}  ${name}`).join('\n');

it('ends equal and in order whatever befalls it', { timeout: minutes * 60_000 + 600_000 }, async () => {
  const until = Date.now() + minutes * 60_000;
  const faults = new Map<FaultName, number>();
  let seeds = 0;
  for (let seed = firstSeed; seeds === 0 || (Date.now() < until && !only); seed = (seed + 1) % 2 ** 31) {
    const campaign = campaignOf(seed);
    const numbers = only ?? [...campaign.acts.keys()].slice(0, mostActs);
    const acts = campaign.acts.filter((_, nr) => numbers.includes(nr));
    const played = await playCampaign(servers, campaign, acts);
    seeds++;
    for (const [name, times] of played.faults) faults.set(name, (faults.get(name) ?? 0) + times);
    if (played.problems.length === 0) continue;
    console.log(`seed ${seed} fails, its schedule is being shortened: ${played.problems.join('\n')}`);
    const shrunken = await shrink(servers, campaign, numbers);
    const lines = shrunken.map((nr) => `  ${nr}: ${describeAct(campaign.acts[nr] ?? { do: 'compare' })}`);
    expect.fail(
      `seed ${seed}: ${played.problems.join('\n')}\n\nThe shrunken schedule:\n${lines.join('\n')}\n\nRepeat it: npm run test:faults -- --seed ${seed} --only ${shrunken.join(',')}`,
    );
  }
  const sum = [...faults.values()].reduce((total, times) => total + times, 0);
  console.log(`${seeds} campaigns from seed ${firstSeed}, ${sum} faults, no difference\n${table(faults)}`);
  if (!only) expect(sum).toBeGreaterThan(0);
});
