/**
 * Calls of AWS services. A network without a route to a service (a VPC with no NAT and no endpoint for it) refuses
 * nothing: it drops what is sent. So each call is bounded, and a call without an answer is reported with the name of
 * the endpoint that is missing. In a function no later run would succeed, so the error waits for an operator and
 * fails the invocation. Elsewhere, as on a laptop whose network comes and goes, the error is transient.
 */
import { PgtideError } from './errors.ts';

/**
 * Four attempts with the SDK's back-off: 6 seconds without a route to the service, 12 with one to a server that does
 * not answer.
 */
export const awsClientLimits = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 1500, requestTimeout: 3000, throwOnRequestTimeout: true },
};

export interface AwsService {
  name: string;
  /** The end of the endpoint's name, which begins with `com.amazonaws.REGION.`. */
  id: string;
  /** How a VPC reaches it. */
  way: 'gateway' | 'interface';
}

/** The service gave no answer. */
export class NoAnswer extends PgtideError {}

/** For the rest of a run, but not for the next one. */
const SILENT_MS = 30_000;

/**
 * After a service has not answered, later calls fail at once: otherwise a run would spend its time waiting for each
 * of them.
 */
export class Silence {
  #last: { error: NoAnswer; since: number } | undefined;

  async call<T>(service: () => Promise<T>): Promise<T> {
    if (this.#last && Math.abs(Date.now() - this.#last.since) < SILENT_MS) throw this.#last.error;
    try {
      return await service();
    } catch (error) {
      if (error instanceof NoAnswer) this.#last = { error, since: Date.now() };
      throw error;
    }
  }
}

/** The members that every client of the SDK has; their types differ from client to client. */
interface AwsClient {
  config: { region: () => Promise<string> };
  middlewareStack: object;
}
interface Middleware {
  add(middleware: (next: Next, context: Context) => Next, options: { step: 'initialize' }): void;
}
type Next = (input: unknown) => Promise<unknown>;
interface Context {
  endpointV2?: { url: URL };
}

/** Makes the client throw `NoAnswer` if the service has not answered after the last attempt. */
export function nameEndpoint<Client extends AwsClient>(client: Client, service: AwsService): Client {
  const middleware = client.middlewareStack as Middleware;
  middleware.add(
    (next, context) => async (input) => {
      try {
        return await next(input);
      } catch (error) {
        if (!isSilence(error)) throw error;
        throw noAnswer(service, await client.config.region(), context.endpointV2?.url.hostname);
      }
    },
    { step: 'initialize' },
  );
  return client;
}

const SILENCE = ['ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'];

/** The SDK also reports a cut connection as a TimeoutError; only its own timeouts, of connecting, have no code. */
function isSilence(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: string };
  return code === undefined ? name === 'TimeoutError' : SILENCE.includes(code);
}

function noAnswer({ name, id, way }: AwsService, region: string, host = id): NoAnswer {
  const endpoint = `com.amazonaws.${region}.${id}`;
  if (process.env.AWS_LAMBDA_FUNCTION_NAME === undefined)
    return new NoAnswer('connection', `${name} at ${host} does not answer`, {
      remedy: 'check the network, and the region',
    });
  const remedy = {
    gateway: `add the gateway endpoint ${endpoint}, which is free, to the route tables of the function's subnets`,
    interface: `give the function's subnets a NAT, or the interface endpoint ${endpoint}, whose security group takes port 443 from the function's`,
  };
  return new NoAnswer('state', `${name} at ${host} does not answer from the network of this function`, {
    remedy: remedy[way],
  });
}
