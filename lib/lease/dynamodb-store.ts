import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { awsClientLimits, nameEndpoint, Silence } from '../aws-endpoint.ts';
import type { Clock } from '../clock.ts';
import { asLeaseError } from './dynamodb-error.ts';
import type { Acquisition, Lease, LeaseState, LeaseStore, Note, Trouble } from './lease-store.ts';
import { readItems } from './read-items.ts';

export interface DynamoDbStoreOptions {
  client: DynamoDBClient;
  table: string;
  /** How far the clocks of two machines may differ. */
  skewMs: number;
  clock: Clock;
}

type Item = Record<string, AttributeValue>;
type Update = Omit<UpdateItemCommandInput, 'TableName' | 'Key'>;

/** The item's attributes. All are written as #name, because some are reserved words. */
const names = { '#owner': 'owner', '#epoch': 'epoch', '#until': 'until', '#rest': 'rest' };
const namesWithSince = { ...names, '#since': 'since' };
/** Longer than any lease. */
const LONGEST_LEASE_MS = 3_600_000;
/** The rest that acquisition writes: one that is over. */
const AWAKE = 0;

const isFree = 'attribute_not_exists(#owner)';
const isExpired = '#until < :takeoverTime';
/** The second condition is for items that older versions wrote. */
const isOfTheFuture = '(#since > :present OR (attribute_not_exists(#since) AND #until > :farEnd))';
const growsEpoch = '(attribute_not_exists(#epoch) OR #epoch < :epoch)';
const isMine = '#owner = :owner AND #epoch = :epoch';
const isNotWoken = 'attribute_exists(#rest)';
const canBeTaken = `(${isFree} OR ${isExpired} OR ${isOfTheFuture}) AND ${growsEpoch}`;

const text = (value: string): AttributeValue => ({ S: value });
const number = (value: number | bigint): AttributeValue => ({ N: String(value) });

function leaseOf(item: Item): Lease {
  return {
    key: item.key?.S ?? '',
    owner: item.owner?.S ?? '',
    epoch: BigInt(item.epoch?.N ?? 0),
    until: new Date(Number(item.until?.N ?? 0)),
  };
}

/** A note that cannot be parsed counts as absent; the rest of the item is still used. */
function troubleIn(note = 'null'): Trouble | undefined {
  try {
    const trouble = JSON.parse(note) as Partial<Trouble> | null;
    return typeof trouble?.runs === 'number' ? (trouble as Trouble) : undefined;
  } catch {
    return undefined;
  }
}

export function createDynamoDbClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  const client = new DynamoDBClient({ ...awsClientLimits, ...config });
  return nameEndpoint(client, { name: 'DynamoDB', id: 'dynamodb', way: 'gateway' });
}

export class DynamoDbLeaseStore implements LeaseStore {
  readonly #options: DynamoDbStoreOptions;
  readonly #silence = new Silence();

  constructor(options: DynamoDbStoreOptions) {
    this.#options = options;
  }

  acquire(key: string, owner: string, leaseMs: number): Promise<Acquisition> {
    return this.#reporting(async () => {
      const epoch = BigInt(this.#options.clock.now());
      const first = await this.#take(key, owner, leaseMs, epoch);
      if ('lease' in first) return { kind: 'acquired', lease: first.lease };
      const { holder } = first;
      // This is our earlier write, whose answer was lost.
      if (holder.owner === owner) return { kind: 'acquired', lease: holder };
      if (!first.mayTake) return { kind: 'held', owner: holder.owner, until: holder.until };
      // The lease is free, but our clock is behind its epoch.
      const second = await this.#take(key, owner, leaseMs, holder.epoch + 1n);
      if ('lease' in second) return { kind: 'acquired', lease: second.lease };
      return { kind: 'held', owner: second.holder.owner, until: second.holder.until };
    });
  }

  release(lease: Lease, restUntil?: Date): Promise<void> {
    return this.#reporting(async () => {
      const mine = { ':owner': text(lease.owner), ':epoch': number(lease.epoch) };
      const rested =
        restUntil !== undefined &&
        (await this.#succeeds(lease.key, {
          UpdateExpression: 'SET #rest = :rest REMOVE #owner, #until',
          ConditionExpression: `${isMine} AND ${isNotWoken}`,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ...mine, ':rest': number(restUntil.getTime()) },
        }));
      if (rested) return;
      // If this is refused, another run has the lease, and nothing of ours is left to release.
      await this.#succeeds(lease.key, {
        UpdateExpression: 'REMOVE #owner, #until, #rest',
        ConditionExpression: isMine,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: mine,
      });
    });
  }

  restamp(lease: Lease, epoch: bigint): Promise<Lease | null> {
    return this.#reporting(async () => {
      const restamped = await this.#succeeds(lease.key, {
        UpdateExpression: 'SET #epoch = :next',
        // Also true after an earlier attempt whose answer was lost.
        ConditionExpression: '#owner = :owner AND #epoch IN (:epoch, :next)',
        ExpressionAttributeNames: { '#owner': 'owner', '#epoch': 'epoch' },
        ExpressionAttributeValues: {
          ':owner': text(lease.owner),
          ':epoch': number(lease.epoch),
          ':next': number(epoch),
        },
      });
      return restamped ? { ...lease, epoch } : null;
    });
  }

  wake(keys: readonly string[]): Promise<void> {
    return this.#reporting(async () => {
      for (const key of keys)
        await this.#succeeds(key, {
          UpdateExpression: 'REMOVE #rest',
          // Creates no item if the lease has never been taken.
          ConditionExpression: 'attribute_exists(#rest)',
          ExpressionAttributeNames: { '#rest': 'rest' },
        });
    });
  }

  states(keys: readonly string[]): Promise<Map<string, LeaseState>> {
    return this.#reporting(async () => {
      const items = await readItems(this.#options, keys);
      return new Map(items.map((item) => [leaseOf(item).key, this.#stateOf(item)]));
    });
  }

  note(key: string, note: Note): Promise<void> {
    return this.#reporting(async () => {
      const [name, value] =
        'trouble' in note ? ['trouble', note.trouble && JSON.stringify(note.trouble)] : ['next', note.next];
      await this.#succeeds(key, {
        UpdateExpression: value === null ? 'REMOVE #note' : 'SET #note = :note',
        ExpressionAttributeNames: { '#note': name },
        ...(value === null ? {} : { ExpressionAttributeValues: { ':note': text(value) } }),
      });
    });
  }

  #stateOf(item: Item): LeaseState {
    const taken = Number(item.since?.N ?? leaseOf(item).epoch);
    const trouble = troubleIn(item.trouble?.S);
    return {
      // A time in the future is not the time of the last service: with it, the pair would be last in line until then.
      lastServed: taken > this.#present() ? 0 : taken,
      restUntil: Number(item.rest?.N ?? AWAKE),
      ...(trouble && { trouble }),
      ...(item.next?.S === undefined ? {} : { next: item.next.S }),
    };
  }

  #mayTake(item: Item): boolean {
    const { owner, until } = leaseOf(item);
    const end = until.getTime();
    const since = Number(item.since?.N ?? end - LONGEST_LEASE_MS);
    return owner === '' || end < this.#takeoverTime() || since > this.#present();
  }

  /** Leases that were taken after this moment were taken in the future by every clock. */
  #present(): number {
    return this.#options.clock.now() + this.#options.skewMs;
  }

  /** Leases that ended before this moment have expired by every clock. */
  #takeoverTime(): number {
    return this.#options.clock.now() - this.#options.skewMs;
  }

  async #take(
    key: string,
    owner: string,
    leaseMs: number,
    epoch: bigint,
  ): Promise<{ lease: Lease } | { holder: Lease; mayTake: boolean }> {
    const now = this.#options.clock.now();
    const { item, refused } = await this.#update(key, {
      UpdateExpression:
        'SET #owner = :owner, #since = :now, #until = :until, #epoch = :epoch, #rest = :awake',
      ConditionExpression: canBeTaken,
      ExpressionAttributeNames: namesWithSince,
      ExpressionAttributeValues: {
        ':owner': text(owner),
        ':now': number(now),
        ':until': number(now + leaseMs),
        ':takeoverTime': number(this.#takeoverTime()),
        ':present': number(this.#present()),
        ':farEnd': number(this.#present() + LONGEST_LEASE_MS),
        ':epoch': number(epoch),
        ':awake': number(AWAKE),
      },
    });
    return refused ? { holder: leaseOf(item), mayTake: this.#mayTake(item) } : { lease: leaseOf(item) };
  }

  /** Writes an item. `refused` is true if the condition did not hold. `item` is the item as it is then. */
  async #update(key: string, update: Update): Promise<{ item: Item; refused: boolean }> {
    const { client, table } = this.#options;
    const Key = { key: text(key) };
    try {
      const written = await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key,
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...update,
        }),
      );
      return { item: written.Attributes ?? {}, refused: false };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // DynamoDB returns the item with the error; dynalite does not.
      const item = error.Item ?? (await this.#read(Key));
      return { item, refused: true };
    }
  }

  /**
   * Writes an item; returns false if the condition did not hold. Reads nothing, because some callers have no right to
   * read.
   */
  async #succeeds(key: string, update: Update): Promise<boolean> {
    const { client, table } = this.#options;
    try {
      await client.send(new UpdateItemCommand({ TableName: table, Key: { key: text(key) }, ...update }));
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return false;
    }
  }

  async #read(Key: Item): Promise<Item> {
    const { client, table } = this.#options;
    const answer = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
    return answer.Item ?? {};
  }

  async #reporting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#silence.call(work);
    } catch (error) {
      throw asLeaseError(error, this.#options.table);
    }
  }
}
