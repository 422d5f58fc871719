/** A visitor without JavaScript, and a public site with nothing behind it, for tests. */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { generateIdentity } from '../sealing/keys.ts';
import { newId, organisationId } from '../sealing/place.ts';
import { testAssets } from '../web/assets.ts';
import type { Refusal } from '../web/refusal.ts';
import { createSite } from '../web/server.ts';
import { partsOf } from './answers.ts';
import { type Answers, allQuestions, type FormDefinition } from './form.ts';
import { formsRoutes } from './routes.ts';
import type { Arriving, FormsDeps, KeptFile, PublishedForm } from './sending.ts';
import { shipped } from './shipped.testing.ts';

export type FakeSite = {
  readonly app: FastifyInstance;
  readonly sent: Arriving[];
  readonly kept: { readonly name: string; readonly bytes: number; readonly carry: string }[];
  /** What is published; tests may change it. */
  readonly forms: Map<string, PublishedForm>;
  refuseSending: Refusal | null;
};

export async function publishedShipped(
  name: 'review' | 'victims' | 'data-problem' | 'data-problem',
): Promise<PublishedForm> {
  const { recipient } = await generateIdentity();
  return {
    organisation: {
      id: organisationId('0190f3c1-0000-7000-8000-000000000001'),
      slug: 'exampleshire',
      name: 'Exampleshire Office for Policing',
      demonstration: false,
    },
    definition: shipped(name),
    generation: 1,
    recipient,
    formKey: {
      document: { text: '{}', signature: 'x' },
      approval: { text: '{}', signature: 'x' },
      inner: null,
    },
  };
}

/** A site whose submissions end in `sent`, on 10 April 2026. */
export async function fakeSite(assets = testAssets()): Promise<FakeSite> {
  const forms = new Map([
    ['review', await publishedShipped('review')],
    ['victims', await publishedShipped('victims')],
  ]);
  const app = await createSite({ site: 'slot', assets, ready: async () => true, demonstration: () => false });
  const site: FakeSite = { app, sent: [], kept: [], forms, refuseSending: null };
  let cases = 0;
  const deps: FormsDeps = {
    publishedForm: async (organisation, form) =>
      organisation === 'exampleshire' ? (forms.get(form) ?? null) : null,
    listForms: async () => [...forms.values()],
    startCase: async () => `case-${++cases}`,
    keepFile: async (_form, carry, file): Promise<KeptFile> => {
      let size = 0;
      for await (const chunk of file.content) size += chunk.length;
      site.kept.push({ name: file.name, bytes: size, carry });
      return { id: newId(), name: file.name, type: file.type, size, reference: `kept-${site.kept.length}` };
    },
    send: async (_form, arriving) => {
      if (site.refuseSending) return site.refuseSending;
      site.sent.push(arriving);
      return { template: 'forms/pages/stopped.njk', context: { heading: 'Sent', message: arriving.carry } };
    },
    clock: () => new Date('2026-04-10T12:00:00Z'),
  };
  await app.register(formsRoutes(deps));
  return site;
}

const ENTITIES = new Map(Object.entries({ quot: '"', lt: '<', gt: '>', amp: '&' }));
const unescaped = (html: string) =>
  html.replaceAll(/&(?:#(\d+)|(\w+));/g, (all, figure: string | undefined, name: string) =>
    figure ? String.fromCodePoint(Number(figure)) : (ENTITIES.get(name) ?? all),
  );

/** What a page shows, as far as tests ask. */
export class Visitor {
  readonly #app: FastifyInstance;
  readonly #url: string;
  html = '';
  status = 0;

  constructor(site: FakeSite, form: string) {
    this.#app = site.app;
    this.#url = `/exampleshire/${form}/fill`;
  }

  async arrive(): Promise<this> {
    return this.#seen(await this.#app.inject({ url: this.#url, headers: { accept: 'text/html' } }));
  }

  get page(): string {
    return /name="page" value="([^"]*)"/.exec(this.html)?.[1] ?? '';
  }

  get title(): string {
    return unescaped(/<title[^>]*>\s*([\s\S]*?)\s*<\/title>/.exec(this.html)?.[1] ?? '');
  }

  get heading(): string {
    return unescaped(
      (/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(this.html)?.[1] ?? '').replaceAll(/<[^>]*>/g, '').trim(),
    );
  }

  get carried(): string {
    return unescaped(/name="carried" value="([^"]*)"/.exec(this.html)?.[1] ?? '');
  }

  get text(): string {
    const main = /<main[\s\S]*<\/main>/.exec(this.html)?.[0] ?? this.html;
    return unescaped(
      main.replaceAll(/<(script|template)[\s\S]*?<\/\1>/g, '').replaceAll(/<[^>]*>/g, ' '),
    ).replaceAll(/\s+/g, ' ');
  }

  /** The messages of the error summary. */
  get problems(): string[] {
    const summary = /govuk-error-summary__list[\s\S]*?<\/ul>/.exec(this.html)?.[0] ?? '';
    return [...summary.matchAll(/<a href="#[^"]*">([^<]*)/g)].map(([, message = '']) => unescaped(message));
  }

  async post(fields: Record<string, string | string[]>, headers: Record<string, string> = {}): Promise<this> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries({ carried: this.carried, page: this.page, ...fields })) {
      for (const one of [value].flat()) body.append(name, one);
    }
    const type = { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return this.#seen(
      await this.#app.inject({ method: 'POST', url: this.#url, headers: type, payload: body.toString() }),
    );
  }

  /** Posts as pages with uploads do. */
  async upload(files: Record<string, File[]>, fields: Record<string, string> = {}): Promise<this> {
    const body = new FormData();
    const before = { carried: this.carried, page: this.page };
    for (const [name, value] of Object.entries(before)) body.append(name, value);
    for (const [name, all] of Object.entries(files)) for (const file of all) body.append(name, file);
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const request = new Request('http://site/', { method: 'POST', body });
    const headers = { accept: 'text/html', 'content-type': request.headers.get('content-type') ?? '' };
    const payload = Buffer.from(await request.arrayBuffer());
    return this.#seen(await this.#app.inject({ method: 'POST', url: this.#url, headers, payload }));
  }

  /** Answers the page it is on and continues. */
  async answer(form: FormDefinition, answers: Answers): Promise<this> {
    return this.post({ ...fieldsFor(form, this.page, answers), step: 'continue' });
  }

  /** Answers page after page until *check your answers*, or until it gets no further. */
  async toCheck(form: FormDefinition, answers: Answers): Promise<string[]> {
    const pages: string[] = [];
    while (this.page !== 'check' && pages.at(-1) !== this.page) {
      pages.push(this.page);
      await this.answer(form, answers);
    }
    return pages;
  }

  #seen(response: LightMyRequestResponse): this {
    this.html = response.body;
    this.status = response.statusCode;
    return this;
  }
}

/** The fields by which a page gives these answers. */
export function fieldsFor(
  form: FormDefinition,
  pageId: string,
  answers: Answers,
): Record<string, string | string[]> {
  const page = form.pages.find((each) => each.id === pageId);
  const fields: Record<string, string | string[]> = {};
  for (const question of page ? allQuestions(page) : []) {
    const answer = answers[question.id];
    const several = partsOf(question);
    if (several && typeof answer === 'object' && !Array.isArray(answer)) {
      const typed = new Map(Object.entries(answer));
      for (const part of several) fields[`${question.id}-${part}`] = String(typed.get(part) ?? '');
    } else if (typeof answer === 'string') fields[question.id] = answer;
    else if (Array.isArray(answer) && question.kind !== 'files') fields[question.id] = answer.map(String);
  }
  return fields;
}
