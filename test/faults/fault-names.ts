/** The faults of a campaign: a finite list. strikes.ts and server-strikes.ts carry them out. */
export const faultNames = [
  // The run.
  'killed',
  'backend terminated',
  'duplicate invocation',
  'late invocation',
  'frozen in a transaction',
  // The network.
  'COMMIT lost',
  'answer to COMMIT lost',
  'request lost',
  'answer lost',
  'half-open connection',
  'stalled network',
  // The lease.
  'lease store throttles',
  'lease store fails',
  'lease store refuses',
  'lease store is gone',
  'answer of the lease store lost',
  'release lost',
  'lease lost in mid-run',
  'clock ahead',
  'clock behind',
  // The servers and their users.
  'restarted provider',
  'restarted subscriber',
  'restored subscriber',
  'restored provider',
  'disk full',
  'statement timeout',
  'lock timeout',
  'deadlock',
  'locks of pg_dump',
  'locks of autovacuum',
  'rotation in mid-run',
  'old transaction',
] as const;
export type FaultName = (typeof faultNames)[number];

/** All faults except the one that lasts for the whole campaign, from before its first act to its end. */
export type StrikeName = Exclude<FaultName, 'old transaction'>;
export const strikeNames = faultNames.filter((name): name is StrikeName => name !== 'old transaction');
