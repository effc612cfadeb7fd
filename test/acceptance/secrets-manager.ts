import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onFileEnd } from '../support/file-scope.ts';

export interface FakeSecretsManager {
  readonly endpoint: string;
  /** The secrets by ARN; a test changes one to rotate it. */
  readonly secrets: Map<string, object>;
  /** The requested ARNs, in order. */
  readonly reads: string[];
}

/** Answers GetSecretValue, and nothing else. It ends with the test file. */
export async function startSecretsManager(): Promise<FakeSecretsManager> {
  const secrets = new Map<string, object>();
  const reads: string[] = [];
  const server = createServer(async (request, response) => {
    const { SecretId } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as {
      SecretId: string;
    };
    reads.push(SecretId);
    const secret = secrets.get(SecretId);
    const body = secret
      ? { ARN: SecretId, Name: 'x', SecretString: JSON.stringify(secret) }
      : { __type: 'ResourceNotFoundException', message: `Secrets Manager can't find the specified secret.` };
    response
      .writeHead(secret ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secrets, reads };
}
