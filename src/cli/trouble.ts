/** Why a program ends: one line that says what happened, to what, and what to do next. */
import { userInfo } from 'node:os';
import { codeOf } from '../store/away.ts';

/** The line for whatever was thrown; what is not expected of a machine says what it says itself. */
export function troubleLine(error: unknown): string {
  const said = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
  const path =
    error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : null;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return `There is no room left on the disk of ${path ?? 'the data folder'}. Make room, then start again.`;
  switch (path === null ? '' : code) {
    case 'EACCES':
    case 'EPERM':
      return `${path} cannot be read or written by ${userInfo().username}. Give it to this user, or set LETTERBOX_DATA to a folder of its own.`;
    case 'EROFS':
      return `${path} lies on a disk that can only be read. Set LETTERBOX_DATA to a folder that can be written.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path} is not a folder, or lies in something that is none. Set LETTERBOX_DATA to another one.`;
  }
  return said || 'It ended without saying why. Set LETTERBOX_TRACE=1 and start again to see where.';
}
