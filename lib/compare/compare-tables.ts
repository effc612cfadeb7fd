import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { compareSums, planRanges, type RangeSums, type Sides } from './checksum.ts';
import { judgeCandidates } from './confirm.ts';
import { findDifferingIds } from './differing-ids.ts';
import { type Candidate, readCandidates } from './entries.ts';
import { planTable, type TablePlan } from './plan.ts';
import { addConfirmed, type TableReport, verdictOf } from './report.ts';
import { examinePair, type PairFacts } from './row-hash.ts';
import { describeTable } from './table-shape.ts';

export interface TableRequest {
  /** The global name. */
  name: string;
  /** What the table is called on the provider and on the subscriber: `schema.table`, unquoted. */
  providerName: string;
  subscriberName: string;
}

export interface CompareOptions {
  provider: Client;
  subscriber: Client;
  budget: Budget;
  /** Makes a tick on the provider and waits until the subscriber has passed it; false when the budget ended first. */
  catchUp(): Promise<boolean>;
  progress?: ((table: string, rows: number, totalRows: number) => void) | undefined;
  /** A table larger than this is read in ranges of its key. */
  rowsPerRange?: number | undefined;
  /** So many candidates are remembered and confirmed one by one; more are counted. */
  maxCandidates?: number | undefined;
}

/** Larger than any Lambda's cold scan of 2.2M rows (2.5 s), small enough that no snapshot is held for a minute. */
const ROWS_PER_RANGE = 4_000_000;
const MAX_CANDIDATES = 100_000;
const MAX_ROUNDS = 50;

/** A table under comparison. */
interface Work {
  request: TableRequest;
  report: TableReport;
  plan?: TablePlan;
  candidates: Candidate[];
  /** Candidates that were counted, not remembered. */
  overflow: number;
}

/**
 * Compares tables, never locking them: checksums first, then the rows of what differs, then, after a tick that the
 * subscriber has passed, those rows again. All tables share the waits. Reports come in the order of the requests.
 */
export async function compareTables(
  requests: readonly TableRequest[],
  options: CompareOptions,
): Promise<TableReport[]> {
  const sides: Sides = options;
  const facts = await examinePair(options.provider, options.subscriber);
  const works = requests.map((request) => newWork(request, options.subscriber.node));
  const room = { left: options.maxCandidates ?? MAX_CANDIDATES };
  for (const work of works)
    await guarded(work, options.budget, () => search(work, { sides, facts, options, room }));
  await repeatOverflown(works, { sides, facts, options, room });
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
  return { request, report, candidates: [], overflow: 0 };
}

/** One table's failure is that table's verdict; a lost connection ends the comparison. */
async function guarded(work: Work, budget: Budget, step: () => Promise<void>): Promise<void> {
  if (work.report.error) return;
  try {
    if (budget.remainingMs() === 0) throw new PgtideError('busy', 'there was no time left for it');
    await step();
  } catch (error) {
    if (!(error instanceof PgtideError) || error.kind === 'connection' || error.kind === 'authentication')
      throw error;
    work.candidates = [];
    work.overflow = 0;
    const outOfTime = budget.remainingMs() === 0;
    work.report.error = outOfTime ? 'not compared: the time of this run was over' : error.message;
    if (outOfTime) work.report.outOfBudget = true;
    if (error.remedy) work.report.remedy = error.remedy;
  }
}

interface Search {
  sides: Sides;
  facts: PairFacts;
  options: CompareOptions;
  room: Room;
}

/** How many candidates can still be remembered. */
interface Room {
  left: number;
}

/** Finds one table's candidates. */
async function search(work: Work, { sides, facts, options, room }: Search): Promise<void> {
  const { request, report } = work;
  room.left += work.candidates.length;
  Object.assign(work, { candidates: [], overflow: 0 });
  Object.assign(report, { providerRows: 0, subscriberRows: 0 });
  const plan = planTable(
    await describeTable(sides.provider, request.providerName),
    await describeTable(sides.subscriber, request.subscriberName),
    facts,
  );
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

/** Remembers the differing rows of a range, as far as there is room, and counts the others. */
async function collect(
  work: Work,
  { sides, plan, sums, room }: { sides: Sides; plan: TablePlan; sums: RangeSums; room: Room },
): Promise<void> {
  const ids: bigint[] = [];
  await findDifferingIds(sides, plan, {
    sums,
    found: (id, rows) => {
      if (ids.length < room.left) ids.push(id);
      else work.overflow += rows;
    },
  });
  if (ids.length === 0) return;
  const candidates = await readCandidates(sides, plan, { ids, range: sums.range });
  room.left -= candidates.length;
  for (const candidate of candidates) work.candidates.push(candidate);
}

/** So much differs mostly because the subscriber is behind: once it has caught up, such tables are searched again. */
async function repeatOverflown(works: Work[], search_: Search): Promise<void> {
  const overflown = works.filter((work) => work.overflow > 0);
  if (overflown.length === 0 || !(await search_.options.catchUp())) return;
  for (const work of overflown)
    await guarded(work, search_.options.budget, async () => {
      await search(work, search_);
      work.report.differences += work.overflow;
      if (work.overflow > 0) work.report.approximate = true;
      work.overflow = 0;
    });
}

/** Rounds of waiting and reading again, all tables together, until every candidate is judged or the budget ends. */
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
        work.candidates = judged.inFlight;
      });
    }
  }
}

function settle(work: Work): void {
  work.report.inFlight = work.candidates.length + work.overflow;
  work.report.verdict = verdictOf(work.report);
}
