import type { PgtideError } from '../errors.ts';
import { shownMessage } from '../redact.ts';
import { type RunReport, shownError } from './run-report.ts';

/** Takes a run's one line. */
export type RunLog = (line: Record<string, unknown>) => void;

const METRIC_NAMESPACE = 'pgtide';

/**
 * CloudWatch's embedded metric format: the log line itself is the metric, so a run writes one line and calls no metrics
 * API. One metric, because each costs per month more than an idle pair's functions do.
 */
function lagMetric(timestamp: number) {
  return {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [['queue', 'node']],
          Metrics: [{ Name: 'lagSeconds', Unit: 'Seconds' }],
        },
      ],
    },
  };
}

/** The stack is of use only where the message was not written for an operator. */
function loggedError(error: PgtideError) {
  const { stack } = error.cause instanceof Error ? error.cause : error;
  return {
    ...shownError(error),
    ...(error.kind === 'internal' && stack ? { stack: shownMessage(stack) } : {}),
  };
}

/** The canonical line of a run: everything that is known about it, in one JSON object. */
export function canonicalLine(report: RunReport<unknown>, now: number): Record<string, unknown> {
  const { outcome, error, counts, steps, gauges, result: _unlogged, ...rest } = report;
  const { kind, ...about } = outcome ?? { kind: 'error' };
  return {
    time: new Date(now).toISOString(),
    level: error ? 'ERROR' : 'INFO',
    ...rest,
    outcome: kind,
    ...about,
    ...gauges,
    counts,
    steps,
    ...(error ? { error: loggedError(error) } : {}),
    ...(gauges.lagSeconds === undefined ? {} : lagMetric(now)),
  };
}

/** To standard output as it is: console.log on Lambda puts a prefix before it, and CloudWatch would see no JSON. */
export const stdoutLog: RunLog = (line) => void process.stdout.write(`${JSON.stringify(line)}\n`);
