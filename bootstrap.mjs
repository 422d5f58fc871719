/**
 * Makes a fresh clone ready to run, with nothing but Node >= 20 and npm on the machine: installs the
 * locked packages (the pinned Node among them) when they are missing or out of date. Run before
 * `npm start` and `npm test`; with `--browser` it also makes sure that there is a Chromium.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const stamp = join(root, 'node_modules', '.letterbox-installed');

function fail(line) {
  console.error(`letterbox: ${line}`);
  process.exit(1);
}

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('Installing packages (once) …');
  const npm = process.env.npm_execpath;
  // No install scripts: nothing runs, and nothing is downloaded, but the packages in the lock file.
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = npm
    ? spawnSync(process.execPath, [npm, ...flags], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', flags, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (done.signal === 'SIGINT' || done.signal === 'SIGTERM') process.exit(130); // somebody stopped it
  if (done.status !== 0)
    fail(
      'npm ci failed (see above). Check that the npm registry can be reached and the disk has 1 GB free, then try again.',
    );
  writeFileSync(stamp, lock);
}

function checkRuntime() {
  const pinned = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (
    existsSync(pinned) &&
    spawnSync(pinned, ['--version'], { shell: process.platform === 'win32' }).status === 0
  )
    return;
  if (Number(process.versions.node.split('.')[0]) >= 24) return;
  fail(
    `there is no packaged Node for ${process.platform}-${process.arch}; install Node 24 or later and run this again.`,
  );
}

function checkBrowser() {
  const places = [
    process.env.LETTERBOX_CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  if (places.some((place) => place && existsSync(place))) return;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    console.log('Installing Chromium for the browser tests (once) …');
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    const done = spawnSync('apt-get', ['install', '-y', '-qq', 'chromium'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (done.status === 0) return;
  }
  fail(
    'the browser tests need Chromium: install it (Debian: apt-get install chromium) or set LETTERBOX_CHROMIUM to its path.',
  );
}

if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node 20 or later is needed to begin; this is ${process.version}.`);
install();
checkRuntime();
if (process.argv.includes('--browser')) checkBrowser();
