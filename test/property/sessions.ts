/** Three sessions of an application, whose transactions overlap. A statement that fails is rolled back. */
import type { OpenClient, TestDatabase } from '../support/database.ts';
import type { Schema } from './random-schema.ts';
import type { Step } from './random-workload.ts';

export class Sessions {
  readonly #clients: OpenClient[];
  readonly #schema: Schema;
  readonly #inSavepoint = new Set<number>();

  private constructor(clients: OpenClient[], schema: Schema) {
    this.#clients = clients;
    this.#schema = schema;
  }

  static async open(database: TestDatabase, schema: Schema): Promise<Sessions> {
    return new Sessions(await Promise.all([0, 1, 2].map(() => database.open())), schema);
  }

  /** Runs the step's statement. Then, depending on its numbers, sets or rolls back a savepoint, or ends the transaction. */
  async run(step: Step): Promise<void> {
    const client = this.#clients[step.session]?.client;
    if (!client) throw new Error('there are three sessions');
    if (!client.inTransaction) await client.query(`begin; set local lock_timeout = '30ms'`);
    await client.query('savepoint statement');
    await client
      .query(this.#schema.statement(step))
      .catch(() => client.query('rollback to savepoint statement'));
    const end = step.c;
    if (end === 0 && !this.#inSavepoint.has(step.session)) {
      this.#inSavepoint.add(step.session);
      await client.query('savepoint outer_one');
    } else if (end === 1 && this.#inSavepoint.delete(step.session)) {
      await client.query('rollback to savepoint outer_one');
    } else if (end >= 2 && end <= 5) {
      this.#inSavepoint.delete(step.session);
      await client.query('commit').catch(() => client.query('rollback'));
    } else if (end === 6 && step.b === 6) {
      this.#inSavepoint.delete(step.session);
      await client.query('rollback');
    }
  }

  async commitAll(): Promise<void> {
    for (const nr of this.#clients.keys()) await this.commit(nr);
  }

  async commit(session: number): Promise<void> {
    const client = this.#clients[session]?.client;
    this.#inSavepoint.delete(session);
    if (client?.inTransaction) await client.query('commit').catch(() => client.query('rollback'));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
  }
}
