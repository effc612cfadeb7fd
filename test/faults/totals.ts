/** The totals of a run of campaigns. */
import { type FaultName, faultNames } from './fault-names.ts';
import type { Played } from './play.ts';

export interface Totals {
  /** Major versions of provider and subscriber. */
  pair: [provider: number, subscriber: number];
  seeds: number[];
  campaigns: number;
  faults: number;
  byName: Record<FaultName, number>;
  events: number;
  commits: number;
  looks: number;
  /** Campaigns that did not end equal and in order. */
  divergences: number;
  minutes: number;
}

export function noTotals(pair: Totals['pair']): Totals {
  const byName = Object.fromEntries(faultNames.map((name) => [name, 0])) as Totals['byName'];
  return {
    pair,
    seeds: [],
    campaigns: 0,
    faults: 0,
    byName,
    events: 0,
    commits: 0,
    looks: 0,
    divergences: 0,
    minutes: 0,
  };
}

export function addPlayed(totals: Totals, seed: number, played: Played): void {
  totals.seeds.push(seed);
  totals.campaigns++;
  totals.events += played.events;
  totals.commits += played.commits;
  totals.looks += played.looks;
  if (played.problems.length > 0) totals.divergences++;
  for (const [name, times] of played.faults) {
    totals.faults += times;
    totals.byName[name] += times;
  }
}

/** The totals as text; the last line is for a table. */
export function describeTotals(totals: Totals): string {
  const { pair, seeds, campaigns, faults, byName, events, commits, looks, divergences, minutes } = totals;
  const rows = Object.entries(byName).map(([name, times]) => `${String(times).padStart(6)}  ${name}`);
  const range = `${Math.min(...seeds)} to ${Math.max(...seeds)}`;
  return [
    ...rows,
    `${faults} faults in ${campaigns} campaigns (seeds ${range}; PostgreSQL ${pair.join(' to ')}), ${commits} commits seen by clients, ` +
      `${events} events replayed, ${looks} tables compared before they were copied again and all in the end, ${divergences} divergences, ${minutes.toFixed(1)} minutes, ${(faults / minutes).toFixed(0)} faults a minute`,
  ].join('\n');
}
