import { type CopyHooks, copyTables } from '../copy/copy-tables.ts';
import type { Unit } from '../unit-context/context.ts';

/** Brings new tables into step with their provider. */
export const copy: Unit = (context) => copyTables(context);

/** The unit copy, with test hooks between its steps. */
export const copyWith =
  (hooks: CopyHooks): Unit =>
  (context) =>
    copyTables(context, hooks);
