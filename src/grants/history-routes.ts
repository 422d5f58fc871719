/** Who could read at a moment, and who did: a page that prints as a statement, and the same as a file. */
import { base64 } from '@scure/base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseCheckpoint } from '../register/checkpoint.ts';
import { ownCheckpoint, type SignedCheckpoint } from '../register/store.ts';
import type { Statements } from '../store/store.ts';
import { isRefusal } from '../web/refusal.ts';
import { ask, type GrantsDeps, pageOf, staff } from './asking.ts';
import { csvText } from './history-csv.ts';
import {
  type Asked,
  accessAt,
  accessChoices,
  accessCount,
  accessDone,
  type Choices,
  FILE_LINES,
  LINES,
} from './history-store.ts';
import {
  caseMeant,
  csvRows,
  queryOf,
  readQuestion,
  readTyped,
  shortName,
  shownDone,
  shownLines,
  shownMoment,
} from './history-views.ts';

export function historyRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/access/history', staff, async (request, reply) => {
    const [now, page] = [new Date(), pageOf(request)];
    const found = await ask(deps, request, (on) => answer(on, request, now, LINES, page));
    if (isRefusal(found)) return reply.refuse(found);
    const { typed, choices, asked, problems, lines, done } = found;
    return reply.page('grants/pages/history.njk', {
      ...{ choices, problems, page, count: found.count, typed: shownMoment(typed, asked) },
      errors: Object.fromEntries(problems.map(({ field, message }) => [field, message])),
      question: await inWords(asked, choices),
      query: queryOf(asked),
      titles: Object.fromEntries(choices.forms.map(({ id, name }) => [id, name])),
      lines: await shownLines(lines, now),
      done: await shownDone(done),
      more:
        lines.length === LINES ||
        ['opened', 'listed'].some((what) => done.filter((each) => each.what === what).length === LINES),
      drawnUp: now,
      checkpoint: found.checkpoint && headOf(found.checkpoint),
    });
  });
  app.get('/access/history.csv', staff, async (request, reply) => {
    const now = new Date();
    const found = await ask(deps, request, (on) => answer(on, request, now, FILE_LINES, 0));
    if (isRefusal(found)) return reply.refuse(found);
    // What is wrong with the question is told by the page, where it can be put right.
    if (found.problems.length > 0)
      return reply.redirect(`/access/history?${new URLSearchParams({ ...found.typed })}`, 303);
    const day = found.asked.at.toISOString().slice(0, 16).replaceAll(':', '');
    return reply
      .header('content-type', 'text/csv; charset=utf-8; header=present')
      .header('content-disposition', `attachment; filename="who-could-read-${day}Z.csv"`)
      .send(csvText(await csvRows(found.asked, found.choices, found.lines, found.done, now)));
  });
}

async function answer(on: Statements, request: FastifyRequest, now: Date, most: number, page: number) {
  const typed = readTyped(request.query);
  const choices = await accessChoices(on, caseMeant(typed));
  const { asked, problems } = readQuestion(typed, choices, now);
  const told = { typed, choices, asked, problems };
  if (problems.length > 0) return { ...told, lines: [], done: [], count: null, checkpoint: null };
  return {
    ...told,
    lines: await accessAt(on, asked, page, most),
    done: await accessDone(on, asked, page, most),
    count: await accessCount(on, asked),
    checkpoint: await ownCheckpoint(on),
  };
}

/** The question in words, as it stands on the statement. */
async function inWords(asked: Asked, choices: Choices) {
  const called = (from: readonly { readonly id: string; readonly name: string }[], id: string | null) =>
    from.find((each) => each.id === id)?.name ?? null;
  return {
    form: called(choices.forms, asked.form ?? (asked.case ? choices.case_form : null)),
    person: called(choices.people, asked.person),
    reference: await shortName(asked.case),
    ...{ case: asked.case, formId: asked.form, personId: asked.person },
    receivedAt: choices.received_at,
    early: choices.received_at !== null && choices.received_at > asked.at,
    at: asked.at,
  };
}

function headOf({ note, at }: SignedCheckpoint) {
  const { origin, size, root } = parseCheckpoint(`${note.split('\n\n')[0]}\n`);
  return { origin, size: String(size), root: base64.encode(root), at };
}
