/**
 * The exports of the package for other programs: the units, their runtime, and the configuration.
 * @module pgtide
 */
// biome-ignore-all lint/performance/noBarrelFile: the one entry of the published package; nothing inside imports it.
export type { Budget } from './budget.ts';
export { type Clock, systemClock } from './clock.ts';
export type { RowDifference, TableReport, Verdict } from './compare/report.ts';
export { type Config, loadConfig, type NodeConfig, parseConfig, type QueueConfig } from './config/config.ts';
export { type Producer, produce, produceBulk } from './consumer/produce.ts';
export type { Client, ConnectionTarget, Row, TransactionOptions } from './db/client.ts';
export { type ErrorKind, PgtideError, policyOf } from './errors.ts';
export type { NodesInstalled } from './install/install-nodes.ts';
export {
  type Acquisition,
  type Lease,
  type LeaseState,
  type LeaseStore,
  leaseKey,
  type Note,
  type Trouble,
} from './lease/lease-store.ts';
export { openLeaseStore } from './lease/open-store.ts';
export type { MergeState } from './membership/member-tables.ts';
export type { Outcome } from './outcome.ts';
export { parseChange, type RowChange, type Value } from './pgq/change.ts';
export type { QueueEvent } from './pgq/event.ts';
export type { NewEvent, Queryable } from './pgq/insert-events.ts';
export type { RunLog } from './runtime/run-log.ts';
export type { RunReport } from './runtime/run-report.ts';
export { type RunRequest, runUnit } from './runtime/run-unit.ts';
export { createSecretReader, type SecretReader } from './secrets/secret-reader.ts';
export type { Problem, ProblemCode } from './status/found-problem.ts';
export type { Role } from './topology/tree.ts';
export type {
  FailingRuns,
  OnDemandUnit,
  ProgressEvent,
  RowProgress,
  TableCountProgress,
  Unit,
  UnitContext,
} from './unit-context/context.ts';
export { type UnitName, units } from './unit-context/registry.ts';
export { type AddTableInput, type AddTableResult, addTable } from './units/add-table.ts';
export { type CompareInput, type CompareResult, compare } from './units/compare.ts';
export { copy } from './units/copy.ts';
export { type InstallInput, type InstallResult, install } from './units/install.ts';
export { maintain } from './units/maintain.ts';
export { type RemoveTableInput, type RemoveTableResult, removeTable } from './units/remove-table.ts';
export { replay } from './units/replay.ts';
export { type ResyncInput, type ResyncResult, resync } from './units/resync.ts';
export {
  type NodeStatus,
  type QueueStatus,
  type SequenceStatus,
  type StatusInput,
  type StatusResult,
  status,
  type TableStatus,
} from './units/status.ts';
export { tick } from './units/tick.ts';
