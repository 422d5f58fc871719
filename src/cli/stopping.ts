/** Being asked to stop, for every program that goes on. */

/** Aborted when somebody asks the program to stop; asking twice changes nothing. */
export function stopAsked(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort());
  // npm passes a signal on to the shell between itself and us, which ends without telling us.
  if (process.env.npm_lifecycle_event) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && asked.abort(), 250).unref();
  }
  // Whoever started us with a channel, and is no more.
  process.once('disconnect', () => asked.abort());
  process.channel?.unref();
  return asked.signal;
}

/** Resolves once `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
