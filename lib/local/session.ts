/**
 * Units in this process: the same units as in functions, through the same runtime, for as long as a command takes.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import { type Config, configPath, loadConfig, queueConfig } from '../config/config.ts';
import { PgtideError } from '../errors.ts';
import type { LeaseStore } from '../lease/lease-store.ts';
import type { RunReport } from '../runtime/run-report.ts';
import { runUnit } from '../runtime/run-unit.ts';
import { createSecretReader } from '../secrets/secret-reader.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { rootOf } from '../topology/tree.ts';
import type { OnDemandUnit, ProgressEvent, Unit } from '../unit-context/context.ts';
import { type UnitName, units } from '../unit-context/registry.ts';
import { Tally } from './tally.ts';

export interface Session {
  readonly config: Config;
  readonly tally: Tally;
  /** Returns one queue, or all that are configured. */
  queues(only?: string): string[];
  /** Executes one run of a scheduled unit. Throws the run's error. */
  scheduled(run: ScheduledRun): Promise<RunReport>;
  /** Runs a unit on demand for a queue and returns its result. */
  demand<Input, Result>(
    unitName: UnitName,
    unit: OnDemandUnit<Input, Result>,
    request: DemandRequest<Input>,
  ): Promise<Result>;
}

export interface DemandRequest<Input> {
  queue: string;
  input: Input;
  progress?: (event: ProgressEvent) => void;
}

export interface ScheduledRun {
  unitName: UnitName;
  unit: Unit;
  queue: string;
  node: string;
  /** False: the unit is called once, even if there is more work. */
  repeat?: boolean;
  progress?: (event: ProgressEvent) => void;
}

export interface SessionOptions {
  terminal: Terminal;
  config?: string | undefined;
  /** False: runs by hand, without leases. */
  lease?: boolean | undefined;
  /** Writes each run's line to stderr. */
  verbose?: boolean | undefined;
}

/** Budget of a scheduled unit here; short, so that Ctrl-C need not wait for long. */
const SCHEDULED_BUDGET_MS = 15_000;
/** Budget of an on-demand unit. */
const DEMAND_BUDGET_MS = 24 * 3600 * 1000;

/** Opens a session for the time of `work`. */
export async function withSession<T>(
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const config = loadConfig(configPath(options.config));
  const leases = new Leases(config, options.lease ?? true);
  const tally = new Tally();
  const common = {
    config,
    secrets: createSecretReader(),
    clock: systemClock,
    log: (line: unknown) => {
      if (options.verbose) options.terminal.err(JSON.stringify(line));
    },
  };
  const finish = <Result>(report: RunReport<Result>): RunReport<Result> => {
    tally.add(report);
    for (const text of report.serverTexts ?? []) options.terminal.err(`server: ${text}`);
    if (report.error) throw report.error;
    return report;
  };
  const session: Session = {
    config,
    tally,
    queues: (only) => {
      if (only !== undefined) return [only].filter((name) => queueConfig(config, name));
      if (Object.keys(config.queues).length > 0) return Object.keys(config.queues);
      throw new PgtideError('input', 'there is no queue in the configuration', {
        remedy: 'write one under queues: (see docs/configuration.md)',
      });
    },
    async scheduled({ progress, ...run }) {
      const leaseStore = units[run.unitName].lease ? await leases.store() : null;
      const optional = progress ? { progress } : {};
      const owner = uniqueOwner();
      return finish(
        await runUnit({ ...common, ...run, ...optional, owner, leaseStore, budgetMs: SCHEDULED_BUDGET_MS }),
      );
    },
    async demand<Input, Result>(
      unitName: UnitName,
      unit: OnDemandUnit<Input, Result>,
      { queue, input, progress }: DemandRequest<Input>,
    ) {
      const node = rootOf(config, queue);
      const report = await runUnit<Result>({
        ...common,
        unitName,
        unit: (context) => unit(context, input),
        queue,
        node,
        owner: uniqueOwner(),
        // Status reads there which runs fail; the other units take no lease.
        leaseStore: unitName === 'status' ? await leases.configured() : null,
        budgetMs: DEMAND_BUDGET_MS,
        ...(progress ? { progress } : {}),
      });
      return finish(report).result as Result;
    },
  };
  try {
    return await work(session);
  } finally {
    await leases.close();
  }
}

function uniqueOwner(): string {
  return `cli ${hostname()} ${process.pid} ${randomUUID()}`;
}

const DEFAULT_LEASE_TABLE = 'pgtide-lease';

/** The configured DynamoDB if there is one, else one in this process; opened when the first unit needs a lease. */
class Leases {
  readonly #config: Config;
  readonly #wanted: boolean;
  #opened: Promise<{ store: LeaseStore; close: () => Promise<void> }> | undefined;

  constructor(config: Config, wanted: boolean) {
    this.#config = config;
    this.#wanted = wanted;
  }

  async store(): Promise<LeaseStore | null> {
    if (!this.#wanted) return null;
    this.#opened ??= this.#open();
    return (await this.#opened).store;
  }

  /** Returns the store if it outlives this process, else null. */
  async configured(): Promise<LeaseStore | null> {
    return this.#isConfigured() ? this.store() : null;
  }

  #isConfigured(): boolean {
    const { endpoint, table } = this.#config.lease;
    return endpoint !== undefined || Boolean(process.env.PGTIDE_LEASE_TABLE) || table !== DEFAULT_LEASE_TABLE;
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.close();
  }

  async #open(): Promise<{ store: LeaseStore; close: () => Promise<void> }> {
    if (this.#isConfigured()) {
      const { openLeaseStore } = await import('../lease/open-store.ts');
      return { store: openLeaseStore(this.#config, systemClock), close: async () => undefined };
    }
    // Suppresses a notice of the SDK about versions of Node.js that AWS will no longer support; there is no AWS here.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    const { startLocalDynamoDb } = await import('../lease/local-dynamodb.ts');
    const local = await startLocalDynamoDb();
    return {
      store: local.store({ skewMs: this.#config.lease.skewSeconds * 1000 }),
      close: () => local.stop(),
    };
  }
}
