import type { Unit } from '../unit-context/context.ts';
import { maintainRoot } from '../upkeep/maintain-root.ts';

/** Maintains a queue on its root. */
export const maintain: Unit = maintainRoot;
