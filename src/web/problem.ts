import type { z } from 'zod';

/** An answer that is only a status: web tells it, as a page or as JSON, in the words it has for that status. */
export class ProblemError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = 'ProblemError';
    this.statusCode = statusCode;
  }
}

/** What was sent to a door, in its shape. Throws a 400 `ProblemError` for anything else. */
export function sent<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw new ProblemError(400, 'What was sent is not of the shape this door takes.');
  return parsed.data;
}

/** The names in an address, in their shape. Throws a 404 `ProblemError` for anything else: nothing is there. */
export function named<T>(shape: z.ZodType<T>, parameters: unknown): T {
  const parsed = shape.safeParse(parameters);
  if (!parsed.success) throw new ProblemError(404, 'There is nothing at this address.');
  return parsed.data;
}
