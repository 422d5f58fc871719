/** For tests: a verifier of registers that is nobody's of ours, built from the Go project's own transparency log. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../register/independent/verify.go');
const GOPATH = '/usr/share/gocode';
const PACKAGES = ['golang-1.19-go', 'golang-golang-x-mod-dev'];

/** Builds it into `folder`; installs what it needs where it may (Debian, as root). Else why it cannot, in a few words. */
export function buildIndependent(folder: string): { readonly program: string } | { readonly why: string } {
  if (!isThere()) install();
  const go = goProgram();
  if (!go || !isThere())
    return { why: `${PACKAGES.join(' and ')} are not installed, and could not be installed from here` };
  const program = join(folder, 'verify');
  const environment = { ...process.env, GO111MODULE: 'off', GOPATH, GOCACHE: join(folder, 'cache') };
  const built = spawnSync(go, ['build', '-o', program, SOURCE], { env: environment, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`The independent verifier does not build: ${built.stderr}`);
  return { program };
}

const isThere = (): boolean =>
  goProgram() !== null && existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb/tlog'));

function goProgram(): string | null {
  const debian = readdirSync('/usr/lib')
    .filter((name) => /^go-\d/.test(name))
    .map((name) => join('/usr/lib', name, 'bin/go'));
  const onPath = (process.env.PATH ?? '').split(':').map((folder) => join(folder, 'go'));
  return [...debian, ...onPath].find((path) => existsSync(path)) ?? null;
}

/** Bounded, and quiet: where there is no network or no right to install, the test says that it was skipped. */
function install(): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  const aptGet = (...args: string[]) =>
    spawnSync('apt-get', args, {
      timeout: 120_000,
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const packages = ['install', '-y', '--no-install-recommends', ...PACKAGES];
  if (!aptGet(...packages) && aptGet('update')) aptGet(...packages);
}
