import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onFileEnd } from '../support/file-scope.ts';

/**
 * The control plane for functions that are already deployed. `uploads` holds the zips that it received. It ends with the
 * test file.
 */
export async function startLambdaApi(): Promise<{ endpoint: string; uploads: Buffer[] }> {
  const uploads: Buffer[] = [];
  const deployed = {
    Configuration: { PackageType: 'Zip', State: 'Active', LastUpdateStatus: 'Successful' },
  };
  const role =
    '<GetRoleResponse><GetRoleResult><Role><Arn>arn:aws:iam::1:role/x</Arn></Role></GetRoleResult></GetRoleResponse>';
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (request.url?.endsWith('/code')) uploads.push(Buffer.from(JSON.parse(body).ZipFile, 'base64'));
    response.end(request.url === '/' ? role : JSON.stringify(deployed));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, uploads };
}
