/** The database's failures that pass by themselves or with an operator's help: the same may be asked again later. */
import { ProblemError } from '../web/problem.ts';

/** The database cannot be reached, or has no room. Ends as 503; what was asked for was not acknowledged. */
export class AwayError extends ProblemError {
  readonly code: 'database-away' | 'database-full';

  constructor(code: AwayError['code'], cause: unknown) {
    super(503, code === 'database-full' ? 'The database has no room left.' : 'The database is away.');
    this.name = 'AwayError';
    this.code = code;
    this.cause = cause;
  }
}

/** The error as it is to be thrown: an `AwayError` where it will pass, else the same. */
export function asAway(error: unknown): unknown {
  if (error instanceof AwayError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  const passes = FULL.has(code) || AWAY.test(code) || (code === '' && DRIVER.test(error.message));
  if (!passes) return error;
  const away = new AwayError(FULL.has(code) ? 'database-full' : 'database-away', error);
  Error.captureStackTrace(away, asAway); // whoever asked is what diagnostics tell
  return away;
}

/** The code of Node's and PostgreSQL's errors, or ''. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

const FULL = new Set(['53100', 'ENOSPC']);

// PostgreSQL's classes: 08 connection, 53 resources, 57P shutting down or starting, 25006 only reading (a failover).
const AWAY =
  /^(08...|53...|57P..|58030|25006|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E(HOST|NET)UNREACH)$/;

// The driver's own failures carry no code.
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;
