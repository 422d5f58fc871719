/** An answer that is only a status: web tells it, as a page or as JSON, in the words it has for that status. */
export class ProblemError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = 'ProblemError';
    this.statusCode = statusCode;
  }
}
