/**
 * The proof in lib/copy/merge-state.ts, as a model: one table in two chunks, transactions that write to it, runs of copy and replay
 * that interleave, crash and run twice. Whatever the schedule, the subscriber ends equal to the provider, each effect once. And
 * each guard is needed: without it some schedule loses or doubles an effect. Schedules are tried at random, long ones, and all of
 * those up to a length, each state that they lead to once.
 *
 * An event adds its own number to its key's list, so that a lost, doubled or misplaced effect shows.
 */
import { describe, expect, inject, it } from 'vitest';
import type { ChunkState } from '../../../lib/states.ts';

interface Guards {
  /** An announced chunk's events are parked; without: they are skipped like a pending one's. */
  parking: boolean;
  /** A copied chunk's events are judged by its snapshot; without: all are applied. */
  snapshotFilter: boolean;
  /** A chunk's commit must find its own attempt. */
  attemptCheck: boolean;
  /** A chunk's commit must find its own generation. */
  generationCheck: boolean;
  /** Replay opens its batch before it reads the chunks' states; without: after. */
  batchBeforeStates: boolean;
  /** The announcement commits before the snapshot is taken; without: after. */
  announceBeforeSnapshot: boolean;
  /** A table is ok only once the position has passed all snapshots; without: once all chunks are copied. */
  passAllSnapshots: boolean;
}

const all: Guards = {
  parking: true,
  snapshotFilter: true,
  attemptCheck: true,
  generationCheck: true,
  batchBeforeStates: true,
  announceBeforeSnapshot: true,
  passAllSnapshots: true,
};

const CHUNKS = 2;

/** A set of transactions, one bit each. */
type Snapshot = number;
const MAX_TRANSACTIONS = 28;
const sees = (snapshot: Snapshot, txid: number): boolean => (snapshot & (1 << txid)) !== 0;

interface Event {
  id: number;
  txid: number;
  chunk: number;
}

interface Chunk {
  state: ChunkState;
  attempt: number;
  /** The transactions that the copied rows' snapshot sees. */
  snapshot: Snapshot | null;
}

/** A run of copy between its commits: what it holds in its own memory. */
interface Copier {
  chunk: number;
  attempt: number;
  generation: number;
  snapshot: Snapshot | null;
  rows: number[] | null;
}

/** A run of replay between its reads and its commit. */
interface Replayer {
  batchEnd: number | null;
  states: { state: Chunk['state']; snapshot: Snapshot | null }[] | null;
  generation: number;
  position: number;
}

/** A small generator of random numbers, so that a schedule is its seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

class World {
  // The provider.
  readonly open = new Map<number, Event[]>();
  committed: Snapshot = 0;
  readonly log: Event[] = [];
  readonly ticks: Snapshot[] = [0];
  nextEvent = 1;
  nextTxid = 1;
  // The subscriber.
  rows: number[][] = Array.from({ length: CHUNKS }, () => []);
  chunks: Chunk[] = [];
  parked: Event[] = [];
  position = 0;
  generation = 0;
  ok = false;
  // Runs, which may die.
  copiers: (Copier | null)[] = [null, null];
  replayers: (Replayer | null)[] = [null, null];
  readonly #guards: Guards;

  constructor(guards: Guards) {
    this.#guards = guards;
    this.plan();
  }

  clone(): World {
    const other = new World(this.#guards);
    for (const [txid, events] of this.open) other.open.set(txid, [...events]);
    other.log.push(...this.log);
    other.ticks.push(...this.ticks.slice(1));
    const { committed, nextEvent, nextTxid, position, generation, ok } = this;
    return Object.assign(other, {
      committed,
      nextEvent,
      nextTxid,
      position,
      generation,
      ok,
      rows: this.rows.map((rows) => [...rows]),
      chunks: this.chunks.map((chunk) => ({ ...chunk })),
      parked: [...this.parked],
      copiers: this.copiers.map((copier) => copier && { ...copier }),
      replayers: this.replayers.map((replayer) => replayer && { ...replayer }),
    });
  }

  /** Equal for worlds that nothing to come can tell apart: copiers have no names. */
  state(): string {
    const copiers = this.copiers.map((copier) => JSON.stringify(copier)).sort();
    const { committed, log, ticks, rows, chunks, parked, position, generation, ok, replayers } = this;
    return JSON.stringify([
      [...this.open],
      [committed, log, ticks, rows, chunks, parked, position, generation, ok, replayers],
      copiers,
    ]);
  }

  /** Plans the copy again: the table is emptied. */
  plan(): void {
    this.generation++;
    this.rows = Array.from({ length: CHUNKS }, () => []);
    this.chunks = Array.from({ length: CHUNKS }, () => ({ state: 'pending', attempt: 0, snapshot: null }));
    this.parked = [];
    this.ok = false;
  }

  begin(): void {
    this.open.set(this.nextTxid++, []);
  }

  /** Key changes are two events, one in each chunk. */
  write(txid: number, chunk: number, both: boolean): void {
    const events = this.open.get(txid);
    for (const one of both ? [0, 1] : [chunk]) events?.push({ id: this.nextEvent++, txid, chunk: one });
  }

  commit(txid: number): void {
    this.log.push(...(this.open.get(txid) ?? []));
    this.open.delete(txid);
    this.committed |= 1 << txid;
  }

  tick(): void {
    this.ticks.push(this.committed);
  }

  /** What a snapshot of the provider holds of a chunk. */
  #read(chunk: number, snapshot: Snapshot): number[] {
    return this.log
      .filter((event) => event.chunk === chunk && sees(snapshot, event.txid))
      .map(({ id }) => id);
  }

  copyStep(nr: number, pick: number): void {
    const copier = this.copiers[nr];
    if (!copier) {
      this.#announce(nr, pick);
      return;
    }
    if (copier.snapshot === null) {
      copier.snapshot = this.committed;
      return;
    }
    if (!copier.rows) {
      if (!this.#guards.announceBeforeSnapshot) this.#commitAnnouncement(copier);
      copier.rows = this.#read(copier.chunk, copier.snapshot);
      return;
    }
    this.#commitChunk(copier);
    this.copiers[nr] = null;
  }

  /** Also a chunk that is announced already: its run is thought to be dead, and may not be. */
  #announce(nr: number, pick: number): void {
    const chunk = this.chunks[pick];
    if (!chunk || chunk.state === 'copied') return;
    const copier = {
      chunk: pick,
      attempt: chunk.attempt + 1,
      generation: this.generation,
      snapshot: null,
      rows: null,
    };
    if (this.#guards.announceBeforeSnapshot) this.#commitAnnouncement(copier);
    this.copiers[nr] = copier;
  }

  #commitAnnouncement({ chunk: nr, attempt, generation }: Copier): void {
    const chunk = this.chunks[nr];
    if (!chunk || generation !== this.generation || chunk.state === 'copied') return;
    chunk.state = 'announced';
    chunk.attempt = attempt;
  }

  /** The rows of another attempt are in the way of the same keys, unless there are none. */
  #commitChunk(copier: Copier): void {
    const chunk = this.chunks[copier.chunk];
    if (!chunk || !copier.rows) return;
    const { attemptCheck, generationCheck } = this.#guards;
    if (generationCheck && copier.generation !== this.generation) return;
    if (attemptCheck && (chunk.state !== 'announced' || chunk.attempt !== copier.attempt)) return;
    this.rows[copier.chunk]?.push(...copier.rows);
    chunk.state = 'copied';
    chunk.snapshot = copier.snapshot;
  }

  /** The run ends: it gives its chunk back, or is just gone. */
  endCopier(nr: number, givesBack: boolean): void {
    const copier = this.copiers[nr];
    this.copiers[nr] = null;
    const chunk = copier && this.chunks[copier.chunk];
    if (!givesBack || !chunk || copier.generation !== this.generation) return;
    if (chunk.state !== 'announced' || chunk.attempt !== copier.attempt) return;
    chunk.state = 'pending';
  }

  replayStep(nr: number): void {
    const run = this.replayers[nr];
    if (!run) {
      this.replayers[nr] = { batchEnd: null, states: null, generation: 0, position: 0 };
      return;
    }
    const open = () => {
      run.batchEnd = this.ticks.length - 1;
    };
    const readStates = () => {
      // The lock on the position is held from here to the commit, and no run may start the copy over meanwhile.
      run.states = this.chunks.map(({ state, snapshot }) => ({ state, snapshot }));
      run.generation = this.generation;
      run.position = this.position;
    };
    const [first, second] = this.#guards.batchBeforeStates ? [open, readStates] : [readStates, open];
    const isOpen = this.#guards.batchBeforeStates ? run.batchEnd !== null : run.states !== null;
    if (!isOpen) first();
    else if (run.batchEnd === null || run.states === null) second();
    else {
      this.#apply(run);
      this.replayers[nr] = null;
    }
  }

  #apply({ batchEnd, states, generation, position }: Replayer): void {
    // Another run has moved the position or begun the copy again: the locks would have kept it from that.
    if (batchEnd === null || !states || generation !== this.generation || position !== this.position) return;
    const [from, to] = [this.ticks[position] ?? 0, this.ticks[batchEnd] ?? 0];
    if (batchEnd <= position) return;
    const batch = this.log
      .filter(({ txid }) => sees(to, txid) && !sees(from, txid))
      .sort((a, b) => a.id - b.id);
    const released = this.ok ? [] : this.parked.filter(({ chunk }) => states[chunk]?.state === 'copied');
    this.parked = this.parked.filter((event) => !released.includes(event));
    for (const event of [...released, ...batch]) this.#judge(event, states[event.chunk]);
    this.position = batchEnd;
    const copied = states.every(({ state }) => state === 'copied') && this.parked.length === 0;
    const passed = states.every(({ snapshot }) => snapshot !== null && (snapshot & ~to) === 0);
    if (copied && (passed || !this.#guards.passAllSnapshots)) this.ok = true;
  }

  #judge(event: Event, chunk: { state: Chunk['state']; snapshot: Snapshot | null } | undefined): void {
    const state = chunk && !this.ok ? chunk.state : 'ok';
    if (state === 'pending') return;
    if (state === 'announced') {
      if (this.#guards.parking) this.parked.push(event);
      return;
    }
    if (state === 'copied' && this.#guards.snapshotFilter && sees(chunk?.snapshot ?? 0, event.txid)) return;
    this.rows[event.chunk]?.push(event.id);
  }

  /** TRUNCATE or resync: the copy starts over. Only between the transactions of replay. */
  startOver(): void {
    this.plan();
  }

  /** Ends everything in order, and says what is wrong with the result; null: nothing. */
  finish(): string | null {
    for (const txid of [...this.open.keys()]) this.commit(txid);
    this.replayers = [null, null];
    for (let round = 0; round < 4; round++) {
      for (const nr of [0, 1]) for (let step = 0; step < 4; step++) this.copyStep(nr, nr);
      this.tick();
      for (let step = 0; step < 4; step++) this.replayStep(0);
      this.replayers[0] = null;
    }
    if (!this.ok) return 'not ok';
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const want = this.#read(chunk, this.committed).sort((a, b) => a - b);
      const got = [...(this.rows[chunk] ?? [])];
      if (got.length < want.length) return 'lost';
      if (got.length > want.length) return 'doubled';
      if (want.some((id, nr) => id !== got.toSorted((a, b) => a - b)[nr])) return 'mixed up';
    }
    return null;
  }
}

type Move = (world: World, random: (below: number) => number) => void;

const moves: Move[] = [
  (world) => {
    if (world.open.size < 3 && world.nextTxid < MAX_TRANSACTIONS) world.begin();
  },
  (world, random) => {
    const open = [...world.open.keys()];
    const txid = open[random(Math.max(1, open.length))];
    if (txid !== undefined) world.write(txid, random(CHUNKS), random(4) === 0);
  },
  (world, random) => {
    const open = [...world.open.keys()];
    const txid = open[random(Math.max(1, open.length))];
    if (txid !== undefined) world.commit(txid);
  },
  (world) => world.tick(),
  (world, random) => world.copyStep(0, random(CHUNKS)),
  (world, random) => world.copyStep(1, random(CHUNKS)),
  (world) => world.replayStep(0),
  (world) => world.replayStep(0),
  (world) => world.replayStep(1),
  (world, random) => world.endCopier(random(2), random(2) === 0),
  (world, random) => {
    if (random(2) === 0) world.replayers[random(2)] = null;
  },
  (world, random) => {
    if (random(6) === 0) world.startOver();
  },
];

/** Runs random schedules until one goes wrong. Returns what went wrong, or null. */
function search(guards: Guards, schedules: number, seed: number): string | null {
  for (let nr = 0; nr < schedules; nr++) {
    const random = randomOf(seed + nr * 7919);
    const world = new World(guards);
    const steps = 15 + random(45);
    for (let step = 0; step < steps; step++) moves[random(moves.length)]?.(world, random);
    const wrong = world.finish();
    if (wrong) return `schedule ${seed + nr * 7919}: ${wrong}`;
  }
  return null;
}

/** What may happen next: two transactions of a write each, the second in either chunk; two copiers, a replay, and accidents. */
const everyMove: ((world: World) => void)[] = [
  ...[
    [1, 0],
    [2, 0],
    [2, 1],
  ].map(([txid = 0, chunk = 0]) => (world: World) => {
    if (world.nextTxid !== txid) return;
    world.begin();
    world.write(txid, chunk, false);
  }),
  ...[1, 2].map((txid) => (world: World) => {
    if (world.open.has(txid)) world.commit(txid);
  }),
  (world) => {
    if (world.ticks.at(-1) !== world.committed) world.tick();
  },
  ...[0, 1].flatMap((nr) => [
    ...[0, 1].map((chunk) => (world: World) => {
      // One at work goes on with its own chunk.
      if (!world.copiers[nr] || chunk === 0) world.copyStep(nr, chunk);
    }),
    ...[true, false].map((givesBack) => (world: World) => world.endCopier(nr, givesBack)),
  ]),
  (world) => {
    if (!world.replayers[0]) world.replayStep(0);
    world.replayStep(0);
  },
  (world) => {
    world.replayers[0] = null;
  },
  (world) => {
    if (world.generation === 1) world.startOver();
  },
];

/** Tries every schedule of at most `depth` moves. Returns what goes wrong after one, or null, and how many states there are. */
function searchAll(guards: Guards, depth: number): { wrong: string | null; states: number } {
  let worlds = [new World(guards)];
  const seen = new Set(worlds.map((world) => world.state()));
  for (let moved = 0; moved < depth; moved++) {
    const next: World[] = [];
    for (const from of worlds)
      for (const move of everyMove) {
        const world = from.clone();
        move(world);
        const state = world.state();
        if (seen.has(state)) continue;
        seen.add(state);
        next.push(world);
        const wrong = world.clone().finish();
        if (wrong) return { wrong: `after ${moved + 1} moves: ${wrong}`, states: seen.size };
      }
    worlds = next;
  }
  return { wrong: null, states: seen.size };
}

describe('the rules of copy beside replay', () => {
  it('lose nothing and double nothing, in 200,000 random schedules with crashes and duplicate runs', () => {
    const schedules = 200_000 * Number(process.env.PGTIDE_RUNS ?? 1);
    expect(search(all, schedules, inject('seed'))).toBeNull();
  });

  const depth = Number(process.env.PGTIDE_RUNS ?? 1) > 1 ? 11 : 9;
  it(`lose nothing and double nothing in any schedule of up to ${depth} moves, however it is ended`, {
    timeout: 600_000,
  }, () => {
    const { wrong, states } = searchAll(all, depth);
    expect(wrong).toBeNull();
    expect(states, 'that the moves lead somewhere').toBeGreaterThan(50_000);
  });

  it.each([
    ['parking', /after 8 moves: lost/],
    ['snapshotFilter', /after 1 moves: doubled/],
    ['attemptCheck', /after 3 moves: doubled/],
    ['batchBeforeStates', /after 8 moves: lost/],
    ['announceBeforeSnapshot', /after 8 moves: lost/],
  ] satisfies [keyof Guards, RegExp][])('need the guard %s also in so few moves', (guard, loss) => {
    expect(searchAll({ ...all, [guard]: false }, 9).wrong).toMatch(loss);
  });

  it.each([
    ['parking', /lost/],
    ['snapshotFilter', /doubled/],
    ['attemptCheck', /lost|doubled/],
    ['generationCheck', /lost|doubled|mixed/],
    ['batchBeforeStates', /lost/],
    ['announceBeforeSnapshot', /lost/],
    ['passAllSnapshots', /doubled/],
  ] satisfies [keyof Guards, RegExp][])('need the guard %s', (guard, loss) => {
    expect(search({ ...all, [guard]: false }, 50_000, 1)).toMatch(loss);
  });
});
