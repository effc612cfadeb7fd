/** Calls `condition` repeatedly until its result is truthy, and returns the result. Fails after `withinMs`. */
export async function until<T>(
  what: string,
  condition: () => Promise<T> | T,
  withinMs = 60_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
