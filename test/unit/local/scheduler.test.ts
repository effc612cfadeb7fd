/**
 * The local scheduler: jobs repeat beside each other, no job overlaps itself, and only an error that an operator must fix
 * ends it.
 */
import { expect, test } from 'vitest';
import { PgtideError } from '../../../lib/errors.ts';
import { type Job, runJobs } from '../../../lib/local/scheduler.ts';

function job(name: string, run: () => Promise<void>): Job {
  return { name, everyMs: 1, run };
}

test('a job never overlaps itself, while two jobs do overlap each other', async () => {
  const stop = new AbortController();
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  let together = 0;
  let runs = 0;
  const work = (name: string) =>
    job(name, async () => {
      running.set(name, (running.get(name) ?? 0) + 1);
      most.set(name, Math.max(most.get(name) ?? 0, running.get(name) ?? 0));
      if ((running.get('replay') ?? 0) > 0 && (running.get('copy') ?? 0) > 0) together++;
      await new Promise((resolve) => setImmediate(resolve));
      running.set(name, (running.get(name) ?? 0) - 1);
      if (++runs >= 20) stop.abort();
    });
  await runJobs([work('replay'), work('copy')], { stopping: stop.signal, onTrouble: () => undefined });
  expect([...most.values()]).toEqual([1, 1]);
  expect(together).toBeGreaterThan(0);
});

test('a transient error is reported once, and the job goes on', async () => {
  const stop = new AbortController();
  const reported: string[] = [];
  let calls = 0;
  const flaky = job('replay shop/new', async () => {
    calls++;
    if (calls >= 5) stop.abort();
    if (calls < 4) throw new PgtideError('connection', 'new: the server is away');
  });
  await runJobs([flaky], {
    stopping: stop.signal,
    onTrouble: ({ name }, { message }) => reported.push(`${name}: ${message}`),
  });
  expect(calls).toBe(5);
  expect(reported).toEqual(['replay shop/new: new: the server is away']);
});

test('an error that an operator must fix ends all jobs, each after its present run', async () => {
  let finished = false;
  const slow = job('copy', async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    finished = true;
  });
  const broken = job('replay', () =>
    Promise.reject(new PgtideError('lost-position', 'the position is lost')),
  );
  const ended = runJobs([slow, broken], {
    stopping: new AbortController().signal,
    onTrouble: () => undefined,
  });
  await expect(ended).rejects.toThrow('the position is lost');
  expect(finished).toBe(true);
});

test('a stop that comes before the start runs nothing', async () => {
  let runs = 0;
  const counted = job('tick', async () => void runs++);
  await runJobs([counted], { stopping: AbortSignal.abort(), onTrouble: () => undefined });
  expect(runs).toBe(0);
});
