/** One campaign's databases, leases, clock and users, and the runs of units over them. */
import type { Config } from '../../lib/config/config.ts';
import { PgtideError } from '../../lib/errors.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';
import type { LocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { RunReport } from '../../lib/runtime/run-report.ts';
import { runUnit } from '../../lib/runtime/run-unit.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import type { UnitName } from '../../lib/unit-context/registry.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replayWith } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { tick } from '../../lib/units/tick.ts';
import { Schema } from '../property/random-schema.ts';
import type { Wire } from '../support/crash-proxy.ts';
import type { TestDatabase } from '../support/database.ts';
import { PLAIN_OWNER } from '../support/shared-servers.ts';
import { briefly } from './gaps.ts';
import { furniture } from './quiesce.ts';
import { type Campaign, type RunUnit, type Side, sides, writers } from './schedule.ts';
import type { FaultServers } from './servers.ts';
import { isConnectionLoss, Session } from './session.ts';
import { QUEUE, worldConfig } from './world-config.ts';
import { dropDatabase, endConnections } from './world-databases.ts';
import { Writer } from './writer.ts';

const fixedTables = `
  create table wide (id int primary key, hot int not null default 0, body text);
  create index wide_hot on wide (hot);`;
const auditTable = (name: string) =>
  `create table ${name} (line int primary key, at timestamptz default now());`;

/** Errors after which the next run simply tries again. */
const expectedErrors = new Set(['connection', 'busy', 'fenced']);

/** In this many chunks of a run, the first of each copier, rows change between snapshot and commit. */
const LIVELY_CHUNKS = 3;

export interface RunOptions {
  at?: (step: string) => Promise<void>;
  /** Undefined: the campaign's lease table. Null: by hand, without a lease. */
  store?: LeaseStore | null;
  /** How far this run's clock is off. */
  skewMs?: number;
  owner?: string;
  /** An error that this run may end with besides the usual ones. */
  tolerates?: string;
  /** Over the wires, which faults can cut. */
  wired?: boolean;
  /** Another context for the unit: less time for statements, a given epoch. */
  alter?: (context: UnitContext) => UnitContext;
}

export class World {
  readonly campaign: Campaign;
  readonly servers: FaultServers;
  readonly schema: Schema;
  readonly database: Record<Side, TestDatabase>;
  readonly wires: Record<Side, Wire>;
  readonly leases: LocalDynamoDb;
  readonly writers: Writer[];
  readonly user: Record<Side, Session>;
  readonly oldTransaction: Session;
  /** Runs that were left going in a gap. */
  readonly loose: Promise<unknown>[] = [];
  readonly problems: string[] = [];
  /** Constraints, indexes and triggers of the tables as they were made. */
  readonly furniture: Record<Side, string[]> = { old: [], new: [] };
  /** Time of the runs' machines, ahead of real time. */
  passedMs = 0;
  /** Events that runs have replayed. */
  events = 0;
  #runs = 0;
  #changes = 0;
  readonly #configs: Record<'direct' | 'wired', Config>;

  constructor(
    campaign: Campaign,
    parts: Pick<World, 'servers' | 'database' | 'wires' | 'leases'> & { prefix: string },
  ) {
    this.campaign = campaign;
    this.servers = parts.servers;
    this.database = parts.database;
    this.wires = parts.wires;
    this.leases = parts.leases;
    const { server } = this.servers;
    const oldest = Math.min(...sides.map((side) => server[side].version));
    this.schema = new Schema(campaign.tables, parts.prefix, oldest);
    this.writers = Array.from({ length: writers }, (_, nr) => new Writer(nr, this.database.old.target));
    this.user = {
      old: new Session(this.database.old.target),
      new: new Session(this.database.new.target),
    };
    this.oldTransaction = new Session(this.database.old.target);
    this.#configs = {
      direct: worldConfig(campaign, this.database, (side) => this.database[side].target.port),
      wired: worldConfig(campaign, this.database, (side) => this.wires[side].target.port),
    };
  }

  /** Replica mode can be granted since PostgreSQL 15. */
  get #replica(): boolean {
    return this.campaign.replica && this.servers.server.new.version >= 15;
  }

  get config(): Config {
    return this.#configs.direct;
  }

  /** Every table of the queue. */
  get tables(): string[] {
    return [...this.schema.names, 'wide', ...this.writers.map(({ audit }) => audit)];
  }

  tableAt(nr: number): string {
    return this.tables[nr % this.tables.length] ?? 'wide';
  }

  async create(): Promise<void> {
    if (this.#replica)
      await this.superuser('new', `grant set on parameter session_replication_role to ${PLAIN_OWNER}`);
    await this.onDemand('install', (context) => install(context, {}));
    for (const side of sides)
      await this.user[side].query(
        `${this.schema.create()} ${fixedTables} ${this.writers.map(({ audit }) => auditTable(audit)).join(' ')}`,
      );
    await this.user.old.query(
      `insert into wide select i, 0, repeat(md5(i::text), 30) from generate_series(1, 200) i; analyze wide`,
    );
  }

  /** The tables join the queue, and users begin. */
  async begin(): Promise<void> {
    for (const side of sides) this.furniture[side] = await furniture(this, side);
    const tables = this.tables.map((table) => `public.${table}`);
    await this.onDemand('add-table', (context) => addTable(context, addTableInput.parse({ tables })));
    await this.openOldTransaction();
  }

  /** Opens a transaction that is older than all later ones, and stays open; again after a crash of the provider that has ended it. */
  async openOldTransaction(): Promise<void> {
    if (!this.campaign.oldTransaction) return;
    await this.oldTransaction.close();
    await this.oldTransaction.query(
      'begin isolation level repeatable read; select txid_current(); select count(*) from wide',
    );
  }

  async holdsOldTransaction(): Promise<boolean> {
    if (!this.oldTransaction.inTransaction) return false;
    const [row] = await this.oldTransaction.query<{ mine: boolean }>(
      'select txid_current_if_assigned() is not null as mine',
    );
    return row?.mine === true;
  }

  /** Makes a tick; not while the root is away. */
  async forceTick(): Promise<void> {
    await this.user.old
      .query(`select pgq.force_tick('${QUEUE}'); select pgq.ticker('${QUEUE}')`)
      .catch((error: unknown) => {
        if (!isConnectionLoss(error)) throw error;
      });
  }

  /** Something to replay, all over the table. */
  async change(): Promise<void> {
    await this.writers[0]?.write(
      `update wide set hot = hot + 1 where id = 1 or id % 5 = ${++this.#changes % 5}; delete from wide where id = ${this.#changes % 300}`,
      'commit',
    );
    await this.forceTick();
  }

  /** Maintenance does so every five minutes; without it, event tables are not rotated. */
  async #moveGlobalWatermark(): Promise<void> {
    await this.superuser(
      'old',
      `set lock_timeout = '500ms'; select pgq_node.set_global_watermark('${QUEUE}', null)`,
    ).catch((error: unknown) => {
      if (!(error instanceof PgtideError) || !expectedErrors.has(error.kind)) throw error;
    });
  }

  /** Changes are made and replayed between a chunk's snapshot and its commit. */
  async #lifeGoesOn(): Promise<void> {
    await this.change();
    await briefly(this, this.run('replay', { store: null }), 1_000);
  }

  async resync(table: string): Promise<void> {
    const tables = [`public.${table}`];
    const report = await this.byHand('resync', (context) => resync(context, resyncInput.parse({ tables })));
    if (report.error && !expectedErrors.has(report.error.kind))
      this.problems.push(`resync: ${report.error.message}`);
  }

  /** Also if something hangs: its connections end first. */
  async end(): Promise<void> {
    for (const wire of [this.wires.old, this.wires.new]) wire.hangUp();
    for (const side of sides) await endConnections(this.database[side]);
    await Promise.allSettled(this.loose.splice(0));
    for (const user of [...this.writers, this.user.old, this.user.new, this.oldTransaction])
      await user.close();
    if (this.#replica)
      await this.superuser('new', `revoke set on parameter session_replication_role from ${PLAIN_OWNER}`);
    for (const side of sides) await dropDatabase(this.database[side]);
    await this.leases.stop();
  }

  superuser<T>(side: Side, sql: string): Promise<T[]> {
    return this.database[side].superuser((client) => client.query<T>(sql));
  }

  /** The schedule's next minute and the ones after it: leases of runs that are gone expire. */
  timePasses(): void {
    this.passedMs += 120_000;
  }

  clock(skewMs = 0) {
    return { now: () => Date.now() + this.passedMs + skewMs };
  }

  store(skewMs = 0): LeaseStore {
    return this.leases.store({ clock: this.clock(skewMs) });
  }

  /** Runs a scheduled unit as its function would. An error that another run does not fix is a problem. */
  async run(unit: RunUnit, options: RunOptions = {}): Promise<RunReport<unknown>> {
    let snapshots = 0;
    const at = async (step: string) => {
      await options.at?.(step);
      if (step === 'snapshot.taken' && ++snapshots <= LIVELY_CHUNKS) await this.#lifeGoesOn();
    };
    const work = { replay: replayWith({ at }), copy: copyWith({ at }), tick, maintain }[unit];
    if (unit === 'maintain') await this.#moveGlobalWatermark();
    const { alter = (context: UnitContext) => context } = options;
    const report = await this.#run<unknown>(unit, (context) => work(alter(context)), options);
    if (report.error && !expectedErrors.has(report.error.kind) && report.error.kind !== options.tolerates) {
      const { kind, message, cause } = report.error;
      const stack = kind === 'internal' && cause instanceof Error ? `\n${cause.stack}` : '';
      this.problems.push(`${unit} ended with ${kind}: ${message}${stack}`);
    }
    if (report.outcome?.kind === 'lease-held') this.timePasses();
    this.events += report.counts.events ?? 0;
    return report;
  }

  /** Runs a unit by hand; what it threw is in the report. */
  byHand<T>(
    unitName: UnitName,
    unit: (context: UnitContext) => Promise<Outcome | { outcome: Outcome; result: T }>,
  ): Promise<RunReport<T>> {
    return this.#run<T>(unitName, unit, { store: null });
  }

  /** Runs a unit by hand, to its end; what it threw is thrown. */
  async onDemand<T>(
    unitName: UnitName,
    unit: (context: UnitContext) => Promise<Outcome | { outcome: Outcome; result: T }>,
  ): Promise<RunReport<T>> {
    const report = await this.byHand<T>(unitName, unit);
    if (report.error) throw report.error;
    return report;
  }

  #run<T>(
    unitName: UnitName,
    unit: (context: UnitContext) => Promise<Outcome | { outcome: Outcome; result: T }>,
    { store, skewMs = 0, owner = `run ${++this.#runs}`, wired = false }: RunOptions,
  ): Promise<RunReport<T>> {
    return runUnit<T>({
      unitName,
      unit,
      config: this.#configs[wired ? 'wired' : 'direct'],
      queue: QUEUE,
      node: unitName === 'replay' || unitName === 'copy' ? 'new' : 'old',
      leaseStore: store === undefined ? this.store(skewMs) : store,
      owner,
      secrets: { read: () => Promise.reject(new Error('no secrets here')), forget: () => undefined },
      budgetMs: 8_000,
      clock: this.clock(skewMs),
      log: () => undefined,
    });
  }
}
