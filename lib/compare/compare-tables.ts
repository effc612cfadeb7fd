import type { Budget } from '../budget.ts';
import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { PgtideError, usualRemedy } from '../errors.ts';
import { tableReader } from '../node/table-reader.ts';
import { compareSums, planRanges, type RangeSums } from './checksum.ts';
import { judgeCandidates } from './confirm.ts';
import { findDifferingIds } from './differing-ids.ts';
import { type Candidate, readCandidates } from './entries.ts';
import { planTable, type TablePlan } from './plan.ts';
import { addConfirmed, type TableReport, verdictOf } from './report.ts';
import { examinePair, type PairFacts } from './row-hash.ts';
import { readOnly, type Sides } from './sides.ts';
import { describeTable } from './table-shape.ts';

export interface TableRequest {
  /** The global name. */
  name: string;
  /** Name of the table on the provider and on the subscriber: `schema.table`, unquoted. */
  providerName: string;
  subscriberName: string;
}

export interface CompareOptions {
  provider: Client;
  subscriber: Client;
  budget: Budget;
  /** Creates a tick on the provider and waits until the subscriber has passed it. Returns false if the budget ended first. */
  catchUp(): Promise<boolean>;
  progress?: ((table: string, rows: number, totalRows: number) => void) | undefined;
  /** A table larger than this is read in ranges of its key. */
  rowsPerRange?: number | undefined;
  /** Number of candidates that are kept and confirmed one by one. Further candidates are only counted. */
  maxCandidates?: number | undefined;
}

/** Larger than any Lambda's cold scan of 2.2M rows (2.5 s), small enough that no snapshot is held for a minute. */
const ROWS_PER_RANGE = 4_000_000;
const MAX_CANDIDATES = 100_000;
/** Number of candidates kept for each table, however many candidates other tables have. */
const MIN_CANDIDATES = 100;
const MAX_ROUNDS = 50;

/** A table under comparison. */
interface Work {
  request: TableRequest;
  report: TableReport;
  plan?: TablePlan;
  candidates: Candidate[];
  /** Number of rows that differed and were counted, but not kept. */
  overflow: number;
  /** Number of candidates that were kept, and number of those that proved to be different. */
  remembered: number;
  confirmed: number;
}

/**
 * Compares tables without locking them. First it compares checksums, then the rows of the buckets that differ, and then, after a
 * tick that the subscriber has passed, the differing rows again. All tables share the waits. The reports are in the order of the
 * requests.
 */
export async function compareTables(
  requests: readonly TableRequest[],
  options: CompareOptions,
): Promise<TableReport[]> {
  const sides: Sides = options;
  const facts = await examinePair(sides);
  const works = requests.map((request) => newWork(request, options.subscriber.node));
  const room = { left: options.maxCandidates ?? MAX_CANDIDATES };
  const tools: Search = { sides, facts, options, room };
  for (const work of works)
    if (!(await guarded(work, options.budget, () => search(work, tools)))) notCompared(work.report);
  await repeatOverflown(works, tools);
  await confirmAll(works, sides, options);
  for (const work of works) settle(work);
  return works.map((work) => work.report);
}

function newWork(request: TableRequest, node: string): Work {
  const report: TableReport = {
    name: request.name,
    node,
    providerRows: 0,
    subscriberRows: 0,
    differences: 0,
    inFlight: 0,
    verdict: 'error',
  };
  return { request, report, candidates: [], overflow: 0, remembered: 0, confirmed: 0 };
}

/**
 * Runs one step for a table. A failure becomes the verdict of this table; a lost connection ends the comparison. Returns false if
 * the time is over: the step is not done, and earlier results remain valid.
 */
async function guarded(work: Work, budget: Budget, step: () => Promise<void>): Promise<boolean> {
  if (work.report.error) return true;
  if (budget.remainingMs() === 0) return false;
  try {
    await step();
  } catch (error) {
    if (!(error instanceof PgtideError) || error.kind === 'connection' || error.kind === 'authentication')
      throw error;
    if (budget.remainingMs() === 0) return false;
    work.candidates = [];
    work.overflow = 0;
    work.report.error = error.message;
    work.report.remedy = error.remedy ?? usualRemedy[error.kind];
  }
  return true;
}

function notCompared(report: TableReport): void {
  report.error = 'not compared: the time of this run was over';
  report.outOfBudget = true;
}

interface Search {
  sides: Sides;
  facts: PairFacts;
  options: CompareOptions;
  room: Room;
}

/** Number of candidates that can still be kept. */
interface Room {
  left: number;
}

/** Finds one table's candidates. */
async function search(work: Work, { sides, facts, options, room }: Search): Promise<void> {
  const { request, report } = work;
  room.left += work.candidates.length;
  Object.assign(work, { candidates: [], overflow: 0, remembered: 0 });
  Object.assign(report, { providerRows: 0, subscriberRows: 0 });
  const describe = async (client: Client, name: string) => {
    const reader = await tableReader(client, name);
    if (!reader) throw new PgtideError('not-found', `${client.node}: there is no table ${name}`);
    return readOnly(client, sides.budget, () => describeTable(client, reader));
  };
  const [provider, subscriber] = await both(
    describe(sides.provider, request.providerName),
    describe(sides.subscriber, request.subscriberName),
  );
  const plan = planTable(provider, subscriber, facts);
  work.plan = plan;
  if (plan.onlyProvider.length > 0) report.onlyProvider = plan.onlyProvider;
  if (plan.onlySubscriber.length > 0) report.onlySubscriber = plan.onlySubscriber;
  const ranges = await planRanges(sides, plan, options.rowsPerRange ?? ROWS_PER_RANGE);
  options.progress?.(request.name, 0, plan.rowsEstimate);
  for (const range of ranges) {
    const sums = await compareSums(sides, plan, range);
    report.providerRows += sums.providerRows;
    report.subscriberRows += sums.subscriberRows;
    if (sums.differing.length > 0) await collect(work, { sides, plan, sums, room });
    options.progress?.(request.name, report.providerRows, Math.max(plan.rowsEstimate, report.providerRows));
  }
}

/** Keeps the differing rows of a range while there is room, and counts the rest. */
async function collect(
  work: Work,
  { sides, plan, sums, room }: { sides: Sides; plan: TablePlan; sums: RangeSums; room: Room },
): Promise<void> {
  const ids: bigint[] = [];
  const free = Math.max(room.left, MIN_CANDIDATES - work.candidates.length);
  await findDifferingIds(sides, plan, {
    sums,
    found: (id, rows) => {
      if (ids.length < free) ids.push(id);
      else work.overflow += rows;
    },
  });
  if (ids.length === 0) return;
  const candidates = await readCandidates(sides, plan, { ids, range: sums.range });
  room.left -= candidates.length;
  for (const candidate of candidates) work.candidates.push(candidate);
  work.remembered = work.candidates.length;
}

/** So many differences usually mean that the subscriber is behind. Once it has caught up, such tables are searched again. */
async function repeatOverflown(works: Work[], search_: Search): Promise<void> {
  const overflown = works.filter((work) => work.overflow > 0);
  if (overflown.length === 0 || !(await search_.options.catchUp())) return;
  for (const work of overflown) {
    const searched = await guarded(work, search_.options.budget, () => search(work, search_));
    if (!searched) notCompared(work.report);
  }
}

/** Repeats rounds of waiting and rereading, for all tables together, until every candidate is judged or the budget ends. */
async function confirmAll(works: Work[], sides: Sides, options: CompareOptions): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const open = works.filter((work) => work.candidates.length > 0);
    if (open.length === 0 || !(await options.catchUp())) return;
    for (const work of open) {
      const { plan } = work;
      if (!plan) continue;
      await guarded(work, options.budget, async () => {
        const judged = await judgeCandidates(sides, plan, work.candidates);
        addConfirmed(work.report, plan.keyColumns, judged.different);
        work.confirmed += judged.different.length;
        work.candidates = judged.inFlight;
      });
    }
  }
}

/**
 * Sets the verdict. Rows that were only counted are different if all kept candidates of the table are: they were counted after the
 * subscriber had caught up. If some kept candidates arrived later, the counted rows may arrive, too.
 */
function settle(work: Work): void {
  const { report, overflow } = work;
  const allConfirmed = work.remembered > 0 && work.confirmed === work.remembered;
  if (overflow > 0 && allConfirmed) {
    report.differences += overflow;
    report.approximate = true;
  }
  report.inFlight = work.candidates.length + (allConfirmed ? 0 : overflow);
  report.verdict = verdictOf(report);
}
