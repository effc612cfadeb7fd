/** Schedules of the model: random ones, and every one up to a length. */
import type { Guards } from './merge-state-guards.ts';
import { CHUNKS, MAX_TRANSACTIONS, World } from './merge-state-world.ts';

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
export function search(guards: Guards, schedules: number, seed: number): string | null {
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
export function searchAll(guards: Guards, depth: number): { wrong: string | null; states: number } {
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
