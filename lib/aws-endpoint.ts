/**
 * AWS's services as a run reaches them. A network without a way to a service (a VPC with no NAT and no endpoint for it) refuses nothing: it
 * drops what is sent. So each call is bounded, and what gets no answer is reported by the name of the endpoint that is missing. In a
 * function no later run gets on better, so the error waits for an operator and fails the invocation; elsewhere, as on a laptop whose
 * network comes and goes, it passes by itself.
 */
import { PgtideError } from './errors.ts';

/** Four attempts with the SDK's back-off: without a way to the service 6 seconds, with one to a server that says nothing 12. */
export const awsClientLimits = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 1500, requestTimeout: 3000, throwOnRequestTimeout: true },
};

export interface AwsService {
  name: string;
  /** Of the endpoint: `com.amazonaws.REGION.` and this. */
  id: string;
  /** How a VPC reaches it. */
  way: 'gateway' | 'interface';
}

/** The service gave no answer. */
export class NoAnswer extends PgtideError {}

/** For the rest of a run, and not for the next one. */
const SILENT_MS = 30_000;

/** Where a service has given no answer, later calls are not waited for: a run would spend its time on one after the other. */
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

/** What every client of the SDK has; its types differ from client to client. */
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

/** Has the client throw `NoAnswer` where the service gives none, after its last attempt. */
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

/** The SDK calls also a connection that was cut a TimeoutError; only its own ones, of connecting, have no code. */
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
