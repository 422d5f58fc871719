/**
 * # Note: Watch
 *
 * A program that stands outside, best on another machine, with no rights: by the network only it asks every door as a
 * stranger, as somebody of another body, as a colleague without a grant, as whoever runs the site, and looks into each
 * answer for the canaries that it planted itself. It knows their marks; nobody else does. What it sees it tells the desk,
 * which closes the form before anybody is told, and by its own mail where it has one.
 *
 * It signs in with accounts that a body's managers let in like any colleague, whose one capacity is to watch: they can be
 * given no access, and can sign nothing. It imports nothing of the sites (docs/house.md), and opens no database.
 *
 * LIMIT: it sees what answers to it. A leak to one address only, or by a road it does not go, it does not see; nor one
 * that a site which means ill hides from whoever asks as Watch does.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Asking, openAsking } from './asking.ts';
import { needlesIn } from './canary.ts';
import { type Door, doorQuestions, otherQuestions, type Question, type Sites } from './census.ts';
import { type Config, readState, type Standing, type State, writeState } from './config.ts';
import { type Desk, openDesk } from './desk.ts';
import { lookAtAll } from './elsewhere.ts';
import { askedBy, type Finding, REHEARSAL, STRANGER } from './judging.ts';
import { type Needles, needlesOf } from './needles.ts';
import { tend } from './planting.ts';
import { newRehearsal, type Rehearsal } from './rehearsing.ts';
import { type Asked, ask, type Persona, type RoundResult } from './round.ts';
import { isDue, openVoice, type Voice } from './telling.ts';

export type WatchOptions = {
  readonly config: Config;
  readonly statePath: string;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
};

export type RoundTold = {
  readonly asked: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
};

/** Goes round until it is stopped. `onRound` is told what each round was. */
export async function watch(
  options: WatchOptions,
  onRound: (told: RoundTold) => void = () => undefined,
): Promise<void> {
  const watching = openWatching(options);
  try {
    while (!options.stop.aborted) {
      const began = performance.now();
      onRound(await goRound(watching));
      const rest = options.config.every * 1000 - (performance.now() - began);
      if (rest > 0) await wait(rest, undefined, { signal: options.stop }).catch(() => undefined);
    }
  } finally {
    watching.close();
  }
}

/** Goes round once; gives what it found. */
export async function watchOnce(options: WatchOptions): Promise<RoundTold> {
  const watching = openWatching(options);
  try {
    return await goRound(watching);
  } finally {
    watching.close();
  }
}

/** A rehearsal, planted or about to be; `id` is the desk's, once it has it. */
type Plant = { readonly desk: Desk; readonly rehearsal: Rehearsal; readonly made: number; id: string | null };

type Watching = WatchOptions & {
  readonly asking: Asking;
  readonly voice: Voice;
  readonly desks: readonly Desk[];
  readonly clean: Set<string>;
  /** Rehearsals that are not found yet. */
  readonly planted: Map<string, Plant>;
  state: State;
  doors: readonly Door[];
  rounds: number;
  /** Seconds that a round takes and waits. */
  pace: number;
  close(): void;
};

function openWatching(options: WatchOptions): Watching {
  const { config, statePath } = options;
  const asking = openAsking();
  const voice = openVoice(config, options.say);
  const state = readState(statePath);
  const { desk } = config;
  return {
    ...options,
    ...{
      asking,
      voice,
      state,
      doors: [],
      clean: new Set(),
      planted: new Map(),
      standing: new Map(),
      rounds: 0,
    },
    desks: desk === undefined ? [] : state.accounts.map((account) => openDesk(asking, desk, account)),
    pace: config.every,
    close: () => {
      asking.close();
      voice.close();
    },
  };
}

async function goRound(watching: Watching): Promise<RoundTold> {
  const began = performance.now();
  const { config } = watching;
  const blind = await prepare(watching);
  const found = new Map<string, Finding>(blind.map((finding) => [finding.key, finding]));
  const elsewhere = lookAtAll(watching.asking, config.elsewhere);
  const result = await askSites(watching, began);
  for (const [key, finding] of result.found) found.set(key, finding);
  for (const finding of await elsewhere) found.set(finding.key, finding);
  if (result.asked > 0 && result.unanswered > result.asked / 5) {
    const seen = `${result.unanswered} of ${result.asked} questions were not answered, so Watch could not see what stands open there.`;
    const about = { organisation: null, form: null, asWhom: null, address: null, by: 'round' };
    found.set('unanswered', { ...about, key: 'unanswered', kind: 'blind', colour: 'amber', seen });
  }
  const took = (performance.now() - began) / 1000;
  watching.pace = Math.max(config.every, Math.ceil(took * 1.2));
  if (result.whole) await tellAll(watching, found, result.settles, { took, asked: result.asked });
  watching.rounds += 1;
  return { asked: result.asked, seconds: took, findings: [...found.values()] };
}

/** Signs in, learns what is to be watched, and plants; gives what keeps Watch from seeing. */
async function prepare(watching: Watching): Promise<Finding[]> {
  const { config, desks } = watching;
  const blind: Finding[] = [];
  for (const desk of desks) {
    const session = await desk.session();
    if (!session) blind.push(locked(desk));
    if (!session || desk.account.host || config.public === undefined) continue;
    const duty = await desk.duty();
    if (!duty) continue;
    watching.doors = duty.doors;
    const planting = {
      ...watching,
      publicUrl: config.public,
      keep: (change: (state: State) => State) => keep(watching, change),
    };
    if (await tend(planting, watching.state, desk, duty, new Date())) watching.clean.clear();
  }
  return blind;
}

function locked({ account }: Desk): Finding {
  const seen = `Watch could not sign in as somebody of ${account.organisationName}, so it cannot see what such a person sees.`;
  const about = {
    ...{ organisation: account.organisation, form: null, asWhom: null, address: null, by: 'round' },
  };
  return { ...about, key: `locked ${account.person}`, kind: 'blind', colour: 'amber', seen };
}

function keep(watching: Watching, change: (state: State) => State): State {
  watching.state = change(watching.state);
  writeState(watching.statePath, watching.state);
  return watching.state;
}

/** Makes a rehearsal when one is due; the next after the chosen time, counted over restarts. */
function rehearse({ config, state, desks, planted, rounds, clean }: Watching): Plant | null {
  for (const [key, { made }] of planted) if (Date.now() - made > 600_000) planted.delete(key);
  const last = state.rehearsedAt === null ? 0 : Date.parse(state.rehearsedAt);
  const desk = desks.find(({ account }) => !account.host);
  if (!desk || Date.now() - last < config.rehearseEvery * 1000 || rounds === 0) return null;
  const plant = { desk, rehearsal: newRehearsal(), made: Date.now(), id: null };
  planted.set(plant.rehearsal.mark, plant);
  clean.clear();
  return plant;
}

/** Plants it at any moment of the round, as a mistake would come. */
async function plantLater(watching: Watching, plant: Plant): Promise<void> {
  const moment = Math.random() * watching.pace * 800;
  await wait(moment, undefined, { signal: watching.stop }).catch(() => undefined);
  if (watching.stop.aborted) return;
  const { mark: _, ...about } = plant.rehearsal;
  plant.id = await plant.desk.plant(about);
  keep(watching, (now) => ({ ...now, rehearsedAt: new Date().toISOString() }));
}

async function askSites(
  watching: Watching,
  began: number,
): Promise<RoundResult & Pick<Questions, 'settles'>> {
  const { config, state, planted } = watching;
  if (config.public === undefined || config.desk === undefined)
    return { asked: 0, unanswered: 0, found: new Map(), whole: !watching.stop.aborted, settles: () => true };
  const sites: Sites = { public: config.public, desk: config.desk, others: config.others };
  const organisations = new Map(state.canaries.map((each) => [each.case, each.organisation]));
  const plant = rehearse(watching);
  const planting = plant ? plantLater(watching, plant) : Promise.resolve();
  const questions = questionsFor(watching, sites, await personasOf(watching.desks));
  const meanwhile = (red: readonly Finding[]) =>
    report(watching, red, [], { took: (performance.now() - began) / 1000, asked: 0 });
  const result = await ask(
    {
      ...{ asking: watching.asking, rate: config.rate, stop: watching.stop, clean: watching.clean },
      needles: needlesFor(watching),
      organisationOf: (canary) => organisations.get(canary) ?? null,
      // What is red is told at once: its form is closed while the round goes on.
      onFound: async (fresh) => {
        const red = fresh.filter(({ colour }) => colour === 'red');
        if (red.length > 0) await meanwhile(red);
      },
      onGoing: () => meanwhile([]),
      goingEvery: watching.pace / 2,
      onRehearsed: async (mark) => {
        const plant = planted.get(mark);
        if (!plant?.id) return;
        planted.delete(mark);
        const seconds = await plant.desk.found(plant.id);
        if (typeof seconds === 'number')
          watching.say(`A rehearsal was found after ${seconds.toFixed(1)} seconds.`);
      },
    },
    questions.asked,
  );
  await planting;
  return { ...result, settles: questions.settles };
}

function needlesFor({ state, planted }: Watching): Needles {
  const { marks, sealed } = needlesIn(state.canaries);
  const rehearsed = [...planted].map(([key, { rehearsal }]) => ({
    ...{ canary: `${REHEARSAL}${key}`, form: '', part: 'rehearsal', mark: rehearsal.mark },
  }));
  return needlesOf([...marks, ...rehearsed], sealed);
}

async function personasOf(desks: readonly Desk[]): Promise<Persona[]> {
  const personas: Persona[] = [{ id: 'stranger', to: () => STRANGER, session: null }];
  for (const { account, session } of desks) {
    const as = await session();
    const to = (organisation: string | null): string => {
      if (account.host) return 'an operator of the host';
      if (organisation === null) return 'somebody who is signed in';
      return organisation === account.organisation
        ? 'a colleague without a grant'
        : 'somebody of another body';
    };
    if (as) personas.push({ id: account.person, to, session: as });
  }
  return personas;
}

type Questions = {
  /** Those of this round, in their order. */
  readonly asked: readonly Asked[];
  /** Whether what it brought to light before may be told gone: it is put in this round, or in none any more. */
  settles(by: string): boolean;
};

/** Doors as everybody; and what is at no door, as a stranger in every round and as the others in turn. */
function questionsFor(
  { doors, state, rounds, config }: Watching,
  sites: Sites,
  personas: readonly Persona[],
): Questions {
  const live = state.canaries.filter(({ retired }) => !retired);
  const asEach = (questions: readonly Question[]): Asked[] =>
    questions.flatMap((question) => personas.map((persona) => ({ question, persona })));
  const [stranger, ...signedIn] = personas;
  const turn = signedIn[rounds % Math.max(1, signedIn.length)];
  const atDoors = asEach(doorQuestions(doors, sites, live));
  const elsewhere = asEach(otherQuestions(sites, live, config.expected));
  const asked = spreadOut([
    ...atDoors.filter(({ question: { every } }) => rounds % every === 0),
    ...elsewhere.filter(({ persona }) => persona === stranger || persona === turn),
  ]);
  const named = (some: readonly Asked[]) =>
    new Set(some.map(({ question, persona }) => askedBy(question, persona)));
  const [now, ever] = [named(asked), named([...atDoors, ...elsewhere])];
  return { asked, settles: (by) => now.has(by) || !ever.has(by) };
}

/**
 * Each address as early in the round as somebody else asks it late: most of what stands open does so to everybody, and is
 * then found in a fraction of a round.
 */
function spreadOut(asked: readonly Asked[]): Asked[] {
  const byQuestion = [...Map.groupBy(asked, ({ question }) => question).values()];
  const placed = byQuestion.flatMap((same, nth) =>
    same.map((one, turn) => ({ one, at: (nth / byQuestion.length + turn / same.length) % 1 })),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ one }) => one);
}

type Effort = { readonly took: number; readonly asked: number };

/** Tells each body's desk what is its own, and what concerns the whole site. */
async function report(
  { desks, pace, say }: Watching,
  findings: readonly Finding[],
  gone: readonly string[],
  effort: Effort,
): Promise<void> {
  for (const desk of desks) {
    if (!(await desk.session())) continue;
    const { organisation } = desk.account;
    const own = findings.filter((each) => each.organisation === null || each.organisation === organisation);
    const taken = await desk.report({ ...effort, every: pace, findings: own, gone });
    if (!taken) say(`The desk of ${desk.account.organisationName} did not take the report.`);
  }
}

async function tellAll(
  watching: Watching,
  found: ReadonlyMap<string, Finding>,
  settles: (by: string) => boolean,
  effort: Effort,
): Promise<void> {
  const before = watching.state.standing;
  const unseen = before.filter(({ key }) => !found.has(key));
  const gone = unseen.filter(({ by }) => settles(by));
  await report(
    watching,
    [...found.values()],
    gone.map(({ key }) => key),
    effort,
  );
  const now = new Date();
  const known = new Map(before.map((each) => [each.key, each]));
  const standing: Standing[] = unseen.filter((each) => !gone.includes(each));
  for (const [key, finding] of found) {
    const fresh = { key, by: finding.by, firstSeen: now.toISOString(), toldAt: now.toISOString(), told: 0 };
    const told = { ...(known.get(key) ?? fresh), by: finding.by };
    const due = isDue(told, now);
    if (due) await watching.voice.tell(finding, told);
    standing.push(due ? { ...told, told: told.told + 1, toldAt: now.toISOString() } : told);
  }
  if (JSON.stringify(standing) !== JSON.stringify(before))
    keep(watching, (state) => ({ ...state, standing }));
}
