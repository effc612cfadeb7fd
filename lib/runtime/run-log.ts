import type { Config } from '../config/config.ts';
import type { PgtideError } from '../errors.ts';
import { shownMessage } from '../redact.ts';
import { type RunReport, shownError } from './run-report.ts';

/** Receives the one log line of a run. */
export type RunLog = (line: Record<string, unknown>) => void;

const METRIC_NAMESPACE = 'pgtide';

/** The stack is useful only if the message was not written for an operator. */
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
  };
}

/** Writes directly to standard output. On Lambda, console.log adds a prefix, and CloudWatch would not detect JSON. */
export const stdoutLog: RunLog = (line) => void process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * Turns the lag in a line of replay into a metric, in CloudWatch's embedded metric format: the line itself is the
 * metric, and no API is called. All pairs of a deployment share one metric, whose maximum is the pair that is
 * furthest behind; the log lines show which pair that is. A metric costs more per month than all that an idle pair's
 * functions do, so each pair has a separate metric only if that is configured.
 */
export function withLagMetric(
  line: Record<string, unknown>,
  { byPair }: Config['metrics'],
  now: number,
): Record<string, unknown> {
  if (line.unit !== 'replay' || line.lagSeconds === undefined) return line;
  const Dimensions = [['function'], ...(byPair ? [['function', 'queue', 'node']] : [])];
  const Metrics = [{ Name: 'lagSeconds', Unit: 'Seconds' }];
  return {
    ...line,
    function: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'local',
    _aws: { Timestamp: now, CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions, Metrics }] },
  };
}
