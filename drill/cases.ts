/** All cases of the drill, in the order of the catalogue. */
import type { Case } from './case.ts';
import { ACCESS } from './cases/access.ts';
import { BESIDE } from './cases/beside.ts';
import { IN_BROWSERS } from './cases/browser.ts';
import { COPIES } from './cases/copies.ts';
import { IN_THE_DATABASE } from './cases/database.ts';
import { AT_THE_DOORS } from './cases/doors.ts';
import { IN_MAILS } from './cases/mail.ts';
import { NOTICING } from './cases/noticing.ts';
import { IN_PROGRAMS } from './cases/programs.ts';
import { BEFORE_THE_SITES } from './cases/proxies.ts';

export const CASES: readonly Case[] = [
  ...ACCESS,
  ...AT_THE_DOORS,
  ...BEFORE_THE_SITES,
  ...IN_PROGRAMS,
  ...IN_THE_DATABASE,
  ...IN_BROWSERS,
  ...BESIDE,
  ...COPIES,
  ...IN_MAILS,
  ...NOTICING,
].sort((one, other) => one.n - other.n);
