import type { ConnectionTarget } from '../../lib/db/client.ts';
import type { End } from './schedule.ts';
import { isConnectionLoss, Session } from './session.ts';

/**
 * An application on the root. Each of its transactions adds one line to a table of its own. Once the application has seen
 * the answer to a COMMIT, the line must be there for ever.
 */
export class Writer {
  readonly audit: string;
  /** Lines whose commit was answered, except those that a restored backup has removed. */
  seen = new Set<number>();
  readonly #session: Session;
  #line = 0;
  #last: Promise<unknown> = Promise.resolve();
  #savepoint = false;

  constructor(nr: number, target: ConnectionTarget) {
    this.audit = `audit_${nr}`;
    this.#session = new Session(target);
  }

  write(sql: string, end: End): Promise<void> {
    return this.#inTurn(async () => {
      await this.#begin();
      await this.#tolerant(sql);
      await this.#end(end);
    });
  }

  commit(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#session.inTransaction) await this.#commit();
    });
  }

  /**
   * Runs one piece of work after the other, even if the caller does not wait for an earlier one. A transaction whose
   * connection is lost is gone.
   */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work).catch((error: unknown) => {
      if (!isConnectionLoss(error)) throw error;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #begin(): Promise<void> {
    if (this.#session.inTransaction) return;
    this.#savepoint = false;
    await this.#session.query(
      `begin; set local lock_timeout = '30ms'; insert into ${this.audit} values (${++this.#line})`,
    );
  }

  async #tolerant(sql: string): Promise<void> {
    await this.#session.query('savepoint statement');
    await this.#session.query(sql).catch((error: unknown) => {
      if (isConnectionLoss(error)) throw error;
      return this.#session.query('rollback to savepoint statement');
    });
  }

  async #end(end: End): Promise<void> {
    if (end === 'commit') await this.#commit();
    if (end === 'rollback') await this.#session.query('rollback');
    if (end === 'savepoint') {
      await this.#session.query('savepoint outer_one');
      this.#savepoint = true;
    }
    if (end === 'undo' && this.#savepoint) {
      await this.#session.query('rollback to savepoint outer_one');
      this.#savepoint = false;
    }
  }

  async #commit(): Promise<void> {
    try {
      await this.#session.query('commit');
      this.seen.add(this.#line);
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      // A deferred constraint failed and the server has rolled back. The driver learns of it from the answer to the next statement.
      await this.#session.query('rollback');
    }
  }
}
