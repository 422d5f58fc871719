/** What the pages about recovery show; no HTML here. */
import { isRehearsalDue, REHEARSE_EVERY_DAYS, type RecoveryState } from './recovery.ts';
import type { RecoveryChoice, RecoveryOverview, RecoveryRow } from './recovery-store.ts';

type Viewer = { readonly person: string; readonly capacities: readonly string[] };

/** Where the body stands: its rule, its keyholders, its last rehearsal, its recoveries. */
export function overviewPage(overview: RecoveryOverview, viewer: Viewer, now: Date) {
  const [last] = overview.rehearsals;
  const { current, past } = split(overview, now);
  return {
    ...overview,
    last: last ?? null,
    due: isRehearsalDue(last?.at ?? null, now.toISOString()),
    every: REHEARSE_EVERY_DAYS,
    fields: fieldsFor(overview.k),
    missing: Math.max(0, overview.k - overview.keyholders.length),
    outside: overview.n - overview.keyholders.length,
    current,
    past,
    ...rights(viewer),
  };
}

/** One field for each sheet that is needed. */
const fieldsFor = (k: number) => Array.from({ length: k }, (_, index) => index);

function split({ recoveries, k }: RecoveryOverview, now: Date) {
  const rows = recoveries.map((row) => ({ ...row, state: stateOfRow(row, k, now) }));
  const isOpen = ({ state }: { state: RecoveryState }) => state === 'waits-for-consents' || state === 'ready';
  return { current: rows.find(isOpen) ?? null, past: rows.filter((row) => !isOpen(row)) };
}

/** How far a recovery is, as the database tells it; a browser proves it for itself before it opens anything. */
function stateOfRow(row: RecoveryRow, k: number, now: Date): RecoveryState {
  if (row.endedAt !== null) return row.done ? 'done' : 'ended';
  if (row.lapsed || row.lapsesAt <= now.toISOString()) return 'lapsed';
  return row.consented < k ? 'waits-for-consents' : 'ready';
}

const rights = ({ capacities }: Viewer) => ({
  manages: capacities.includes('manager'),
  holds: capacities.includes('keyholder'),
  runs: capacities.includes('manager') || capacities.includes('keyholder'),
});

/** Whom a manager may name, each with the forms they may read wholly. */
export function beginPage(overview: RecoveryOverview, choices: readonly RecoveryChoice[], now: Date) {
  const people = new Map<string, { id: string; name: string; email: string; forms: RecoveryChoice[] }>();
  for (const choice of choices) {
    const { person: id, name, email } = choice;
    const known = people.get(id) ?? { id, name, email, forms: [] };
    people.set(id, { ...known, forms: [...known.forms, choice] });
  }
  const forms = new Map(choices.map(({ form, title }) => [form, title ?? form]));
  const able = (person: string) => overview.keyholders.filter(({ id }) => id !== person).length >= overview.k;
  return {
    k: overview.k,
    current: split(overview, now).current,
    people: [...people.values()].filter(({ id }) => able(id)),
    forms: [...forms].map(([form, title]) => ({ form, title })),
    enough: overview.keyholders.length >= overview.k,
    nobody: choices.length === 0,
  };
}

/** One recovery: what is asked of this viewer now. */
export function recoveryPage(overview: RecoveryOverview, row: RecoveryRow, viewer: Viewer, now: Date) {
  const { k } = overview;
  const state = stateOfRow(row, k, now);
  const may = rights(viewer);
  const mine = row.consents.some(({ person }) => person === viewer.person);
  return {
    ...may,
    row,
    k,
    state,
    fields: fieldsFor(k),
    needed: Math.max(0, k - row.consented),
    mine,
    isForViewer: row.person === viewer.person,
    canConsent: state === 'waits-for-consents' && may.holds && !mine && row.person !== viewer.person,
    canRun: state === 'ready' && may.runs,
    canEnd: (state === 'ready' || state === 'waits-for-consents') && may.manages,
    forBrowser: { document: row.document, id: row.id, person: row.personName },
  };
}
