/**
 * In how many whole runs, with no success between them, an event fails alone before it is given up. One failure may be the
 * server's: a failover, a checkpoint, a backup, a neighbour. Most of these end within two runs, and each run more keeps all tables
 * waiting.
 */
export const RUNS_ALONE = 3;
