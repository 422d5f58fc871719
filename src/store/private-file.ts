import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file only its owner may read: whole or, when there is no room, not at all. */
export function writePrivate(path: string, text: string): void {
  const beside = `${path}.new`;
  try {
    writeFileSync(beside, text, { mode: 0o600, flush: true });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    // Node names no file when a write fails, only when opening does.
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}
