/**
 * What a sign-in or an enrolment has begun and not finished: challenges and OPAQUE states, in memory
 * for five minutes, each usable once. LIMIT: behind a balancer, both steps must reach the same desk.
 */
import { randomUUID } from 'node:crypto';

const LIFETIME = 5 * 60 * 1000;
const MOST = 10_000;

export class Pending<T> {
  readonly #begun = new Map<string, { value: T; until: number }>();

  /** Keeps `value` under `key` (or a fresh one) and returns the key. */
  begin(value: T, key: string = randomUUID()): string {
    const now = Date.now();
    for (const [old, { until }] of this.#begun) {
      if (until > now && this.#begun.size < MOST) break;
      this.#begun.delete(old);
    }
    this.#begun.set(key, { value, until: now + LIFETIME });
    return key;
  }

  /** What was kept, without taking it away; null when it is gone or too old. */
  peek(key: string): T | null {
    const found = this.#begun.get(key);
    return found && found.until > Date.now() ? found.value : null;
  }

  /** Takes away what was kept; null when it is gone or too old. */
  finish(key: string): T | null {
    const value = this.peek(key);
    this.#begun.delete(key);
    return value;
  }
}
