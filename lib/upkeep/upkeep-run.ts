import { PgtideError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import type { UnitContext } from '../unit-context/context.ts';

/** Time that one operation may take; none is started with less left. */
const OPERATION_MS = 2_000;

/** Runs pieces of work one by one, counts them, and keeps their errors. */
export class UpkeepRun {
  readonly #context: UnitContext;
  readonly #failures: PgtideError[] = [];
  #skipped = 0;
  #changes = 0;

  constructor(context: UnitContext) {
    this.#context = context;
  }

  /** True while there is time for one more operation. */
  hasTime(): boolean {
    return this.#context.budget.allows(OPERATION_MS);
  }

  skip(): void {
    this.#skipped++;
  }

  /** Runs one piece; `work` returns the number of things that it changed. */
  async piece(name: string, work: () => Promise<number>): Promise<void> {
    if (!this.hasTime()) return this.skip();
    try {
      this.#changes += await this.#context.step(name, work);
    } catch (error) {
      if (!(error instanceof PgtideError)) throw error;
      const { kind, message, remedy, cause } = error;
      this.#failures.push(new PgtideError(kind, `${name}: ${message}`, { remedy, cause }));
    }
  }

  /** Ends the run. One pass is enough, so the outcome is `done` and not `applied`, which would begin another pass. */
  end(): Outcome {
    this.#context.count('maintained', this.#changes);
    this.#context.count('maintenanceFailures', this.#failures.length);
    const [first] = this.#failures;
    if (first && this.#failures.length === 1) throw first;
    if (first) {
      const remedy = this.#failures.flatMap((failure) => failure.remedy ?? []).join('\n') || undefined;
      const messages = this.#failures.map(({ message }) => message);
      throw new PgtideError(first.kind, messages.join('\n'), { remedy, cause: first });
    }
    if (this.#skipped > 0) return { kind: 'out-of-budget' };
    return { kind: this.#changes > 0 ? 'done' : 'idle' };
  }
}
