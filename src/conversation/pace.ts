/**
 * A limit on how often something is done on one listener, whoever does it: nobody's address is looked at or kept.
 * `burst` times at once, then again once every `every` milliseconds. Call before doing it; false means not now.
 */
export function pace(burst: number, every: number, clock: () => Date): () => boolean {
  let left = burst;
  let since = clock().getTime();
  return () => {
    const now = clock().getTime();
    const earned = Math.max(0, Math.floor((now - since) / every));
    left = Math.min(burst, left + earned);
    since = Math.max(since + earned * every, Math.min(now, since));
    if (left === 0) return false;
    left -= 1;
    return true;
  };
}
