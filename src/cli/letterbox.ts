/**
 * `letterbox <program>`: each program is a file of this folder with a `main`.
 */
import { setFlagsFromString } from 'node:v8';
import { troubleLine } from './trouble.ts';

// Else V8 collects the whole heap each time that 64 MB of bytes have come in, however small it is: a tenth of a post's cost.
setFlagsFromString('--external-memory-accounted-in-global-limit');

const PROGRAMS: Record<string, readonly [summary: string, load: () => Promise<{ main: Main }>]> = {
  start: ['everything on one machine, with its own database', () => import('./start.ts')],
  slot: ['the public side, by itself', () => import('./slot.ts')],
  desk: ['the staff side, by itself', () => import('./desk.ts')],
  register: ['the register’s sequencer, by itself', () => import('./register.ts')],
  alarm: ['alarms, and the mails that tell of them, by itself', () => import('./alarm.ts')],
  migrate: ['make or update roles and schema in a database of your own', () => import('./migrate.ts')],
  fill: ['fill a body with sealed submissions', () => import('./fill.ts')],
  'invite-host': [
    'make a one-time link to found the host, for its first operator',
    () => import('./invite-host.ts'),
  ],
  'invite-body': ['make a one-time link to found a body', () => import('./invite-body.ts')],
  watch: ['the outside-in monitor: it asks as strangers do, and alarms', () => import('./watch.ts')],
  witness: ['cosign other people’s registers, from another house', () => import('./witness.ts')],
  verify: ['check a downloaded register, offline', () => import('./verify.ts')],
  access: ['say from a downloaded register who could read, and who did', () => import('./access.ts')],
  'export-sealed': ['write everything sealed as files, still sealed', () => import('./export-sealed.ts')],
  disaster: ['open sealed files with keys alone', () => import('./disaster.ts')],
};

/** Runs with the words after the program's name; returns the exit code. */
export type Main = (args: string[], say: (line: string) => void) => Promise<number>;

async function run(): Promise<number> {
  const [name = '', ...args] = process.argv.slice(2);
  const program = PROGRAMS[name];
  if (!program) {
    const lines = Object.entries(PROGRAMS).map(
      ([each, [summary]]) => `  letterbox ${each.padEnd(14)} ${summary}`,
    );
    console.error(['Usage:', ...lines].join('\n'));
    return name === '' || name === '--help' ? 0 : 2;
  }
  const { main } = await program[1]();
  return main(args, (line) => console.log(line));
}

// Whoever read what it says may go away (a closed terminal, `| head`): that is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  process.exitCode = await run();
} catch (error) {
  console.error(`letterbox: ${troubleLine(error)}`);
  if (process.env.LETTERBOX_TRACE) console.error(error);
  process.exitCode = 1;
}
// Nothing keeps a program that is through: what was said is written by then.
setTimeout(() => process.exit(), 2000).unref();
