/** What PostgreSQL's programs say when they fail, as one line that tells what to do. */

/** Of all they said, the line that says why, and what to do where that is known. */
export function inShort(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const why =
    lines.findLast((line) => CAUSE.test(line) && !CONSEQUENCE.test(line)) ?? lines.findLast(Boolean);
  const short = (why ?? '').replace(/^.*?(PANIC|FATAL|error|ERROR): +/, '').replace(/[.…]*$/, '');
  if (FULL.test(said)) return `there is no room left on its disk (${short}). Make room there.`;
  if (/Permission denied/i.test(said))
    return `it may not use its files (${short}). Give them back to the account it runs as.`;
  return `${short || 'it said nothing'}.`;
}

const FULL = /No space left on device|Disk quota exceeded/i;
const CAUSE = /\b(PANIC|FATAL|ERROR|error): /;
const CONSEQUENCE = /the database system is (starting|shutting)|checkpoint request failed/;
