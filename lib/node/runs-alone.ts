/**
 * Number of whole runs, without a success between them, in which an event must fail alone before replay gives it up. A single failure may
 * be the server's: a failover, a checkpoint, a backup, a neighbour. Most of these end within two runs, and each additional run delays all
 * tables.
 */
export const RUNS_ALONE = 3;
