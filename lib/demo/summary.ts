import { count, duration } from '../terminal/figures.ts';
import type { MonthlyCost } from './monthly-cost.ts';

export interface DemoSummary {
  copiedRows: number;
  replayedEvents: number;
  tables: number;
  units: number;
  maxLagSeconds: number;
  differences: number;
  provider: string;
  subscriber: string;
}

export interface Timing {
  copySeconds: number;
  wholeSeconds: number;
  /** Transactions that the writers committed. */
  transactions: number;
}

export function summaryLines(summary: DemoSummary, timing: Timing, cost: MonthlyCost): string[] {
  const usd = (value: number) => `${value.toFixed(3)} USD`;
  const perSecond = count(summary.copiedRows / Math.max(timing.copySeconds, 0.1));
  return [
    `PostgreSQL ${summary.provider} → ${summary.subscriber}, ${summary.tables} tables, ${duration(timing.wholeSeconds)}`,
    `  rows copied       ${count(summary.copiedRows)} (${perSecond} rows/s, while ${count(timing.transactions)} transactions were written)`,
    `  events replayed   ${count(summary.replayedEvents)}`,
    `  largest lag       ${duration(summary.maxLagSeconds)}`,
    `  units of work run ${count(summary.units)}`,
    `  differences       ${count(summary.differences)}`,
    `  idle for a month  ${usd(cost.total)}: a pair ${usd(cost.pair)} (${count(cost.calls)} calls ${usd(cost.lambda)}, leases ${usd(cost.dynamoDb)}, logs ${usd(cost.logs)}), one metric ${usd(cost.metrics)}, two secrets ${usd(cost.secrets)}`,
    '                    (durations as measured here, list prices, no free tier, no NAT; see lib/demo/monthly-cost.ts)',
  ];
}
