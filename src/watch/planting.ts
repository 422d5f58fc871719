/** Keeping canaries alive: some in each form, each replaced when it is old, or when its form's key was turned. */
import type { Asking } from './asking.ts';
import { type Canary, makeCanary, readPublished } from './canary.ts';
import type { Config, State } from './config.ts';
import type { Desk, Duty } from './desk.ts';

export type Planting = {
  readonly asking: Asking;
  readonly config: Config;
  readonly publicUrl: string;
  /** Replaces what is kept; what it returns is on disk. */
  keep(change: (state: State) => State): State;
  readonly say: (line: string) => void;
};

const MOST_KEPT = 500;

/** Plants what is missing in this body's forms, and takes away what is old. True when anything changed. */
export async function tend(
  planting: Planting,
  state: State,
  desk: Desk,
  duty: Duty,
  now: Date,
): Promise<boolean> {
  const { organisation } = desk.account;
  const arrived = new Set(duty.canaries.filter((each) => each.arrived).map((each) => each.case));
  const mine = state.canaries.filter((each) => each.organisation === organisation && !each.retired);
  let changed = false;
  for (const form of duty.forms) {
    const live = mine.filter((each) => each.form === form && arrived.has(each.case));
    const young = live.filter((each) => ageOf(each, now) < planting.config.canaryDays * 86_400_000);
    if (young.length >= planting.config.canaries) continue;
    const planted = await plant(
      planting,
      desk,
      duty.slug,
      form,
      planting.config.canaries - young.length,
      now,
    );
    changed ||= planted;
    const old = live.filter((each) => !young.includes(each));
    if (planted && old.length > 0) await retire(planting, desk, old);
  }
  // What was announced and never came: the power failed in between.
  const lost = duty.canaries.filter((each) => !each.arrived && now.getTime() - Date.parse(each.at) > 600_000);
  if (lost.length > 0) await desk.retire(lost.map((each) => each.case));
  return changed;
}

const ageOf = ({ plantedAt }: Canary, now: Date): number => now.getTime() - Date.parse(plantedAt);

async function plant(
  { asking, publicUrl, keep, say }: Planting,
  desk: Desk,
  slug: string,
  form: string,
  count: number,
  now: Date,
): Promise<boolean> {
  const page = await asking.ask({
    url: `${publicUrl}/${slug}/${form}/fill`,
    headers: { accept: 'text/html', 'accept-encoding': 'identity' },
  });
  const published = page && readPublished(Buffer.from(page.bytes).toString('utf8'));
  if (!published) {
    say(`The public page of the form ${form} carries no form, so no canary can be planted in it.`);
    return false;
  }
  const ready = await Promise.all(Array.from({ length: count }, () => makeCanary(published, slug, now)));
  // Their marks are on disk before anything is sent, so that no canary is ever one that Watch does not know.
  keep((state) => ({
    ...state,
    canaries: [...state.canaries, ...ready.map(({ canary }) => canary)].slice(-MOST_KEPT),
  }));
  if (
    !(await desk.announce(
      form,
      ready.map(({ canary }) => canary.case),
    ))
  )
    return false;
  const posted = await Promise.all(ready.map((each) => each.post(asking, publicUrl)));
  if (!posted.every(Boolean)) say(`A canary could not be sent to the form ${form}.`);
  return posted.some(Boolean);
}

async function retire({ keep }: Planting, desk: Desk, old: readonly Canary[]): Promise<void> {
  const ids = old.map((each) => each.case);
  if (!(await desk.retire(ids))) return;
  // Their marks are still known: a backup that is found a year later holds them.
  keep((state) => ({
    ...state,
    canaries: state.canaries.map((each) => (ids.includes(each.case) ? { ...each, retired: true } : each)),
  }));
}
