import { type Client, type ConnectionTarget, withClient } from '../../lib/db/client.ts';
import { PgtideError } from '../../lib/errors.ts';

export const isConnectionLoss = (error: unknown): boolean =>
  error instanceof PgtideError && error.kind === 'connection';

/** A user's connection, which stays open from statement to statement, and is opened again when it is lost. */
export class Session {
  readonly #target: ConnectionTarget;
  #open: { client: Client; close(): Promise<void> } | undefined;

  constructor(target: ConnectionTarget) {
    this.#target = target;
  }

  get inTransaction(): boolean {
    return this.#open?.client.inTransaction ?? false;
  }

  /** Outside a transaction a lost connection is opened again, and the statement is sent again. */
  async query<T>(sql: string, values?: unknown[]): Promise<T[]> {
    for (const deadline = Date.now() + 5_000; ; ) {
      const inTransaction = this.inTransaction;
      try {
        this.#open ??= await this.#connect();
        return await this.#open.client.query<T>(sql, values);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        await this.close();
        if (inTransaction || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  async #connect() {
    const opened = Promise.withResolvers<Client>();
    const closing = Promise.withResolvers<void>();
    const closed = withClient(this.#target, 'user', (client) => {
      opened.resolve(client);
      return closing.promise;
    });
    closed.catch(opened.reject);
    const client = await opened.promise;
    const close = async () => {
      closing.resolve();
      await closed.catch(() => undefined);
    };
    return { client, close };
  }
}
