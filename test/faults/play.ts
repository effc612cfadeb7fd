/** Plays a campaign: its acts one after the other, then the end of all work, then the checks. */

import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { compareWith } from '../../lib/units/compare.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { alter, caughtUp } from './alterations.ts';
import { createWorld } from './create-world.ts';
import type { FaultName, StrikeName } from './fault-names.ts';
import { briefly } from './gaps.ts';
import { lookBefore, quiesce } from './quiesce.ts';
import { type Act, type Campaign, describeAct, type End, type RunAct, type Strike } from './schedule.ts';
import type { FaultServers } from './servers.ts';
import { strikes } from './strikes.ts';
import { wideStatement } from './wide.ts';
import type { World } from './world.ts';

export interface Played {
  problems: string[];
  faults: Map<FaultName, number>;
  /** Events that were replayed, and transactions whose COMMIT a client saw answered. */
  events: number;
  commits: number;
  /** Tables that were compared before they were copied again, in addition to all tables at the end. */
  looks: number;
}

/** Runs of units without gaps can only lose their connections; other faults strike replay instead. */
const anyUnit = new Set<StrikeName>([
  'request lost',
  'answer lost',
  'COMMIT lost',
  'answer to COMMIT lost',
  'duplicate invocation',
  'locks of autovacuum',
  'locks of pg_dump',
]);
const onlyReplay = new Set<StrikeName>(['deadlock']);
/** These faults make all tables be copied again. */
const copiesAll = new Set<StrikeName>(['restored provider', 'restored subscriber', 'lock timeout']);

/** PGTIDE_FAULTS_VERBOSE: prints each act before it is played. */
const verbose = Boolean(process.env.PGTIDE_FAULTS_VERBOSE);

export class Player {
  readonly #world: World;
  readonly faults = new Map<FaultName, number>();
  /** Tables that were compared before they were copied again. */
  looks = 0;
  readonly #columns = new Map<string, string[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** `alone`: no other act runs at the same time. */
  async play(act: Act, alone = true): Promise<void> {
    const world = this.#world;
    switch (act.do) {
      case 'write':
        return this.#write(act.writer, world.schema.statement(act.step), act.end);
      case 'wide':
        return this.#write(act.writer, wideStatement(act), act.end);
      case 'force tick':
        return world.forceTick();
      case 'resync':
        if (alone) await this.#lookBefore([world.tableAt(act.table)]);
        return world.resync(world.tableAt(act.table));
      case 'alter':
        return alter(world, this.#columns, act);
      case 'add again':
        return this.#addAgain(world.schema.name(act.table));
      case 'compare':
        return this.#compare();
      case 'run':
        return this.#run(act);
    }
  }

  /** A TRUNCATE is not left open: sessions that read the table would wait for it. */
  async #write(writer: number, sql: string, end: End): Promise<void> {
    const done = sql.includes('truncate') && end !== 'rollback' ? 'commit' : end;
    await this.#world.writers[writer]?.write(sql, done);
  }

  async #run({ unit, strike, meanwhile }: RunAct): Promise<void> {
    const world = this.#world;
    if (!strike) return void (await world.run(unit));
    const chosen =
      onlyReplay.has(strike.name) || (unit !== 'copy' && !anyUnit.has(strike.name)) ? 'replay' : unit;
    await this.#prepare(chosen, strike);
    const struck = await strikes[strike.name]({
      world,
      unit: chosen,
      strike,
      meanwhile: async () => {
        for (const act of meanwhile) await briefly(world, this.play(act, false));
      },
    });
    if (struck) this.faults.set(strike.name, (this.faults.get(strike.name) ?? 0) + 1);
    await Promise.allSettled(world.loose.splice(0));
  }

  /** Gives the run something to do. */
  async #prepare(unit: string, { name, gap }: Strike): Promise<void> {
    const world = this.#world;
    if (copiesAll.has(name)) await this.#lookBefore(world.tables);
    if (unit === 'copy') {
      const [copying] = await world.superuser(
        'new',
        `select 1 from londiste.table_info where local and merge_state is distinct from 'ok' limit 1`,
      );
      const table = gap % 2 ? 'wide' : world.tableAt(gap);
      if (!copying) {
        await this.#lookBefore([table]);
        await world.resync(table);
      }
    }
    await world.change();
  }

  async #lookBefore(tables: readonly string[]): Promise<void> {
    this.looks += await lookBefore(this.#world, tables);
  }

  /** A table leaves the queue and joins it again. It is copied again, or joins as equal already if other tables refer to it. */
  async #addAgain(table: string): Promise<void> {
    const world = this.#world;
    for (const writer of world.writers) await writer.commit();
    if (!(await caughtUp(world, table))) return;
    const tables = [`public.${table}`];
    await world.onDemand('remove-table', (context) =>
      removeTable(context, removeTableInput.parse({ tables })),
    );
    await world.forceTick();
    await world.run('replay', { store: null });
    const emptied = await world.user.new.query(`truncate ${table}`).then(
      () => true,
      () => false,
    );
    if (emptied) await world.writers[0]?.write(`update ${table} set n = n + 1`, 'commit');
    await world.onDemand('add-table', (context) =>
      addTable(context, addTableInput.parse({ tables, expectSync: !emptied })),
    );
  }

  async #compare(): Promise<void> {
    const world = this.#world;
    const drive = async () => void (await world.run('replay', { store: null }));
    const report = await world.byHand('compare', (context) => compareWith({ drive })(context, {}));
    if (report.error && !['busy', 'connection', 'state'].includes(report.error.kind))
      world.problems.push(`compare: ${report.error.message}`);
    const different = report.result?.tables.filter((table) => table.verdict === 'different') ?? [];
    if (different.length > 0) world.problems.push(`compare sees differences: ${JSON.stringify(different)}`);
  }
}

const describe = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Far more than any act, or the end of a campaign, takes on a busy machine. */
const LIMIT_MS = 180_000;

/** Waits for work up to a limit, so that a schedule that hangs is reported like any other failure. */
async function within(world: World, what: string, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      world.problems.push(`not done after ${LIMIT_MS / 1000} s: ${what}`);
      resolve();
    }, LIMIT_MS);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Plays a campaign in databases of its own. It never throws: `problems` holds the failures. */
export async function playCampaign(
  servers: FaultServers,
  campaign: Campaign,
  acts = campaign.acts,
): Promise<Played> {
  let world: World;
  try {
    world = await createWorld(servers, campaign);
  } catch (error) {
    return { problems: [`no world: ${describe(error)}`], faults: new Map(), events: 0, commits: 0, looks: 0 };
  }
  const player = new Player(world);
  const play = async (act: Act) => {
    await player.play(act);
    await Promise.allSettled(world.loose.splice(0));
  };
  try {
    await world.begin();
    for (const act of acts) {
      if (verbose) console.log(`${new Date().toISOString().slice(17, 23)} ${describeAct(act)}`);
      await within(world, describeAct(act), play(act));
      if (world.problems.length > 0) break;
    }
    if (await world.holdsOldTransaction()) player.faults.set('old transaction', 1);
    const close = async () => void world.problems.push(...(await quiesce(world)));
    if (world.problems.length === 0) await within(world, 'the end', close());
  } catch (error) {
    world.problems.push(describe(error));
  } finally {
    await world.end();
  }
  const commits = world.writers.reduce((sum, { seen }) => sum + seen.size, 0);
  return {
    problems: world.problems,
    faults: player.faults,
    events: world.events,
    commits,
    looks: player.looks,
  };
}
