/**
 * How a unit of work ended. Expected ends are values; exceptions are for surprises.
 *  - `idle`: there was nothing to do.
 *  - `applied`: work was done, and there is no more at the moment.
 *  - `already-applied`: an earlier run had committed this work; this run only finished the batch on the provider.
 *  - `waiting-for`: a state must change first, or the pair is skipped because its server did not answer; a later run
 *    checks again. `install`: pgtide is not installed yet, which is not a failure however long it takes.
 *  - `out-of-budget`: there is more to do.
 *  - `lease-held`: another run has this work.
 *  - `done`: an on-demand unit has finished.
 */
export type Outcome =
  | { kind: 'idle' }
  | { kind: 'applied' }
  | { kind: 'already-applied' }
  | { kind: 'waiting-for'; what: string; install?: true }
  | { kind: 'out-of-budget' }
  | { kind: 'lease-held'; owner: string; until: Date }
  | { kind: 'done' };
