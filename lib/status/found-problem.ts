/** Every problem that `status` reports. `error` makes it unhealthy; `information` does not. */
export const severities = {
  'node-unreachable': 'error',
  'login-refused': 'error',
  'node-missing': 'error',
  'status-failed': 'error',
  'runs-failing': 'error',
  'runs-skipped': 'information',
  'ticker-stale': 'error',
  'ticker-paused': 'error',
  'clock-set-back': 'error',
  'clocks-differ': 'error',
  'trigger-missing': 'error',
  'trigger-disabled': 'error',
  'partition-uncaptured': 'error',
  'table-replaced': 'error',
  'replica-uncaptured': 'error',
  'capture-stale': 'information',
  'capture-left': 'information',
  'order-unsettled': 'information',
  'table-missing': 'error',
  'table-not-added': 'information',
  'table-leaving': 'information',
  'structure-drift': 'error',
  'column-filled-apart': 'error',
  'partition-left-over': 'error',
  'provider-retyped': 'error',
  'table-error': 'error',
  'copy-stale': 'error',
  'rows-differed': 'error',
  'rows-overwritten': 'information',
  'restore-failed': 'error',
  'privilege-missing': 'error',
  'table-unfit': 'error',
  'position-lost': 'error',
  'subscription-missing': 'error',
  'replay-stale': 'error',
  'replay-paused': 'error',
  'replay-error': 'error',
  'replay-timeout': 'error',
  'event-stopped': 'error',
  'event-set-aside': 'error',
  'batch-in-slices': 'information',
  'rotation-blocked': 'error',
  'sequence-behind': 'information',
  'no-replica-role': 'information',
} as const satisfies Record<string, 'error' | 'information'>;

export type ProblemCode = keyof typeof severities;

export interface Problem {
  code: ProblemCode;
  message: string;
  remedy: string;
}

export function isError(problem: Problem): boolean {
  return severities[problem.code] === 'error';
}

/** Checks a code that the database returned. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(severities, code);
}
