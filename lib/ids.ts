/** Separate types for ids that are easily mixed up. Only the callers in lib/pgq and lib/node create them. */
declare const kind: unique symbol;

/** A tick of one queue; on every node of that queue it means the same point. */
export type TickId = bigint & { readonly [kind]: 'tick' };

/** A batch of one consumer. */
export type BatchId = bigint & { readonly [kind]: 'batch' };
