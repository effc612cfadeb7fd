/**
 * The state of the model: a provider, a subscriber, and runs of copy and replay between their commits. An event adds its own number
 * to its key's list, so that a lost, doubled or misplaced effect shows.
 */
import type { ChunkState } from '../../../lib/states.ts';
import type { Guards } from './merge-state-guards.ts';

export const CHUNKS = 2;

/** A set of transactions, one bit each. */
type Snapshot = number;
export const MAX_TRANSACTIONS = 28;
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

export class World {
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

  /** Equal for worlds between which no later move can distinguish: copiers have no names. */
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
