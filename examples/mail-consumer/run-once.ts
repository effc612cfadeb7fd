/** Calls the function once on this machine, as Lambda does on a schedule, and prints its answer. */
import type { Context } from 'aws-lambda';
import { handler } from './consumer.ts';

const ends = Date.now() + 60_000;
const context = { awsRequestId: 'local', getRemainingTimeInMillis: () => ends - Date.now() } as Context;
console.log(await handler({}, context));
