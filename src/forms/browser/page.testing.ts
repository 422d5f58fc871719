/** What tests do with a page of a form in a real browser, with JavaScript or without. */
import type { Page } from 'playwright-core';
import { partsOf } from '../answers.ts';
import { type Answers, allQuestions, type FormDefinition } from '../form.ts';

export const next = (page: Page) => page.click('[data-view] button.govuk-button >> nth=0');
export const heading = async (page: Page) => (await page.textContent('h1'))?.trim() ?? '';
export const problems = (page: Page) => page.locator('.govuk-error-summary li').allInnerTexts();

/** Types these answers into the page that is shown. */
export async function type(page: Page, form: FormDefinition, id: string, answers: Answers): Promise<void> {
  const asks = form.pages.find((each) => each.id === id);
  for (const question of asks ? allQuestions(asks) : []) {
    const answer = answers[question.id];
    if (answer === undefined || question.kind === 'files') continue;
    if ('choices' in question) {
      for (const value of [answer].flat().map(String))
        await page.check(`[name="${question.id}"][value="${value}"]`);
    } else if (partsOf(question)) {
      for (const [part, value] of Object.entries(answer))
        await page.fill(`#${question.id}-${part}`, String(value));
    } else await page.fill(`#${question.id}`, String(answer));
  }
}

/** The id of the page that is shown. */
const shown = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const carried = document.querySelector<HTMLInputElement>('input[name="page"]')?.value ?? '';
    return location.hash.startsWith('#page-') ? location.hash.slice('#page-'.length) : carried;
  });

/** Answers page after page, from where it is up to the one named. */
export async function answerUntil(
  page: Page,
  form: FormDefinition,
  answers: Answers,
  until: string,
): Promise<void> {
  for (let id = await shown(page); id !== until; id = await shown(page)) {
    await type(page, form, id, answers);
    await next(page);
    await page.waitForLoadState();
    if ((await shown(page)) === id) throw new Error(`It goes no further than ${id}: ${await problems(page)}`);
  }
}

/** An element as text: attributes in one order, without what the components' own scripts and typing add. */
export function written(element: Element): string {
  const added = /-init$|^(tabindex|value|checked|data-aria-controls|aria-controls|aria-expanded)$/;
  const one = (node: Node): string => {
    if (!(node instanceof Element)) return (node.textContent ?? '').replace(/\s+/g, ' ').trim();
    const attributes = [...node.attributes].filter(({ name }) => !added.test(name));
    const names = attributes.map(({ name, value }) => `${name}="${value.trim()}"`).sort();
    return `<${node.localName} ${names.join(' ')}>${[...node.childNodes].map(one).join('')}</>`;
  };
  return [...element.children].map(one).join('\n');
}

export const sent = (page: Page): Promise<unknown> => page.evaluate('window.sent');
export const kept = (page: Page): Promise<string> => page.evaluate('JSON.stringify({ ...sessionStorage })');
