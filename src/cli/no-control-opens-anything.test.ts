/**
 * What can be chosen or typed on the desk's pages about access: a person by name, a form, a purpose of its own list, a
 * day, a number, a reason. There is no control, option or value that names anything but a person of the directory.
 */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { shippedJson } from '../forms/shipped.testing.ts';
import { linesOf } from '../grants/testing.ts';
import { testDatabase } from '../store/testing.ts';
import { DOORS } from '../web/doors.ts';
import { type Sites, sitesOf } from './fuzz-sending.testing.ts';
import { aWorld, FORMS, PURPOSE, STRANGERS, type World } from './fuzz-world.testing.ts';

let world: World;
let sites: Sites;
beforeAll(async () => {
  world = await aWorld(await testDatabase());
  sites = await sitesOf(world.body.db);
}, 120_000);
afterAll(async () => {
  await sites.close();
  await world.body.db.close();
});

type Control = {
  readonly page: string;
  readonly name: string;
  readonly value: string;
  readonly type: string;
};

const attribute = (tag: string, name: string): string =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#39;', "'") ?? '';

/** Everything on a page that can be chosen, typed into or pressed, as its HTML says it. */
function controlsOf(page: string, html: string): Control[] {
  const tags = [...html.matchAll(/<(input|option|textarea|select|button)\b[^>]*>/g)].map(([tag]) => tag);
  return tags.map((tag) => ({
    ...{ page, name: attribute(tag, 'name'), value: attribute(tag, 'value') },
    type: /^<input/.test(tag) ? attribute(tag, 'type') || 'text' : (/^<(\w+)/.exec(tag)?.[1] ?? ''),
  }));
}

/** The pages of every door about access that a manager comes to, with what each asks about. */
async function pages(): Promise<string[]> {
  const { people, cases, lines, proposals, body } = world;
  const [one = ''] = await linesOf(body, lines.bens);
  const chosen = new URLSearchParams({
    ...{ person: people.cara.staff.person, form: 'notice', 'purpose-notice': PURPOSE, what: 'all' },
    ...{ 'until-day': '1', 'until-month': '2', 'until-year': '2027' },
  });
  const parameters: Readonly<Record<string, readonly string[]>> = {
    ':person': [people.una, people.sus, people.ana].map(({ staff }) => staff.person),
    ...{ ':form': FORMS, ':proposal': Object.values(proposals), ':case': cases.map(({ post }) => post.case) },
  };
  const doors = DOORS.filter(
    ({ site, method, path }) =>
      site === 'desk' &&
      method === 'GET' &&
      /^\/(access|forms|proposals|grants|people|recovery)\b/.test(path) &&
      !/csv|cases|:recovery/.test(path),
  );
  const asked = doors.flatMap(({ path }) => {
    const [name = ''] = /:\w+/.exec(path) ?? [];
    return name === '' ? [path] : (parameters[name] ?? []).map((value) => path.replace(name, value));
  });
  return [
    ...asked.map((path) =>
      path === '/grants/end'
        ? `${path}?grant=${one}`
        : path === '/access/opened'
          ? `${path}?person=${people.ana.staff.person}`
          : path,
    ),
    `/access/propose?${chosen}`,
    `/access/propose?case=${cases[0]?.post.case}`,
    ...['later', 'past'].map((part) => `/forms/review/access?part=${part}`),
  ];
}

async function seen(desk: FastifyInstance): Promise<{ page: string; html: string }[]> {
  const found = [];
  for (const page of await pages()) {
    const headers = { cookie: `letterbox=${world.people.third.session}`, accept: 'text/html' };
    const { statusCode, body } = await desk.inject({ url: page, headers });
    expect(statusCode, page).toBe(200);
    found.push({ page, html: body });
  }
  return found;
}

const isDay = (value: string) => /^\d{0,4}$/.test(value);
/** What each control may be called, and what it may hold when the page comes; whatever is not here fails. */
function allowed(): readonly (readonly [name: RegExp, value: (value: string) => boolean])[] {
  const persons = Object.entries(world.people).flatMap(([name, { staff }]) =>
    STRANGERS.some((stranger) => stranger === name) ? [] : [staff.person as string],
  );
  const isOneOf = (values: readonly string[]) => (value: string) => values.includes(value);
  return [
    [/^person$/, isOneOf(['', ...persons])],
    [/^forms?$/, isOneOf(['', ...FORMS])],
    [/^case$/, isOneOf(['', ...world.cases.map(({ post }) => post.case as string)])],
    [/^purpose-(review|complaint|appeal|notice)$/, isOneOf(PURPOSES)],
    [/^what$/, isOneOf(['all', 'new'])],
    [/^(from|until|at)-(day|month|year|time)$/, (value) => isDay(value) || /^\d\d:\d\d$/.test(value)],
    // Typed: how many will read; why; a sheet; who is invited, and as what.
    [/^(people|reason|course|sheet.*|name|email|outside)$/, (value) => value === ''],
    [/^capacities$/, isOneOf(['manager', 'caseworker', 'data-protection-officer', 'keyholder'])],
    [/^grant$/, (value) => /^[0-9a-f-]{36}$/.test(value)],
    [/^compared$/, isOneOf(['', 'yes', 'on'])],
  ];
}
const PURPOSES = z.object({ purposes: z.array(z.string()) }).parse(shippedJson('review')).purposes;

test('every control is a person of the directory, a form, a purpose, a day, a number or a reason', async () => {
  const rules = allowed();
  const found = (await seen(sites.desk)).flatMap(({ page, html }) => controlsOf(page, html));
  const named = found.filter(({ name }) => name !== '');
  const strange = named.filter(
    ({ name, value }) => !rules.some(([known, fits]) => known.test(name) && fits(value)),
  );
  expect(strange).toEqual([]);
  const nameless = found.filter(
    ({ name, type }) => name === '' && !['button', 'submit', 'option'].includes(type),
  );
  // What is typed of a recovery sheet has no name, so that no form could ever send it.
  expect(nameless.filter(({ page }) => page !== '/recovery/rehearsal')).toEqual([]);
  // Who can be proposed: each of the directory by their id, and nobody else; a select would hide what it stands for.
  const choices = named.filter(({ page, name }) => page === '/access/propose' && name === 'person');
  expect(new Set(choices.map(({ type }) => type))).toEqual(new Set(['checkbox']));
  expect(choices.length).toBeGreaterThan(10);
});

/** Of recovery, which the whole body is told of. */
const TELLS = 'Sign, and tell everyone';

test('no control, option or button says everyone, a group, an address of a domain, or a link', async () => {
  const words =
    /\b(every(one|body)|any(one|body)|public|anonymous|guests?|groups?|teams?|domains?|all staff|with the link)\b/i;
  for (const { page, html } of await seen(sites.desk)) {
    const labels = [...html.matchAll(/<(label|option|button|legend)\b[^>]*>([\s\S]*?)<\/\1>/g)].map(
      ([, , text = '']) => text.replace(/<[^>]*>/g, ' ').trim(),
    );
    // A question about the past may be about everybody: it changes nothing, and its form can do nothing but ask.
    const asks = /<form[^>]*method="get"(?:(?!<\/form>)[\s\S])*Everybody/.test(html);
    const said = labels.filter(
      (text) => words.test(text) && !(asks && text === 'Everybody') && text !== TELLS,
    );
    expect(said, page).toEqual([]);
  }
});

test('negative control: a choice of everybody would be seen', () => {
  const html =
    '<input type="checkbox" name="person" value="*"><input type="radio" name="audience" value="public">';
  const strange = controlsOf('/access/propose', html).filter(
    ({ name, value }) => !allowed().some(([known, fits]) => known.test(name) && fits(value)),
  );
  expect(strange).toHaveLength(2);
});
