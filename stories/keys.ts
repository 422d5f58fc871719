/** A person who has only a keyboard, and who must see at each step where on the page they are. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** More stops than any page has: a search that takes longer goes round in circles. */
const MOST_STOPS = 200;

const SKIP = 'Skip to main content';

/** What is wrong with a place the Tab key stops at; null when nothing is. */
type Stop = { readonly name: string; readonly inMain: boolean; readonly trouble: string | null };

/**
 * One press of Tab, or of both keys for backwards. What has the focus afterwards must look different from how it looked without, and must not lie
 * under something else. Null at the end of the page.
 */
async function tab(page: Page, keys: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<Stop | null> {
  const judge = await page.evaluateHandle(judgeNextStop);
  await page.keyboard.press(keys);
  const stop = await page.evaluate((judged) => judged(), judge);
  await judge.dispose();
  if (stop) expect(stop.trouble, `${page.url()} ${stop.name}`).toBeNull();
  return stop;
}

/** Presses Tab until this has the focus. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    await tab(page);
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`The Tab key does not come to ${selector} on ${page.url()}.`);
}

/** Goes over what is left of the page; gives the names of its stops. */
export async function tabToTheEnd(page: Page): Promise<string[]> {
  const names: string[] = [];
  while (names.length < MOST_STOPS) {
    const stop = await tab(page);
    // Some browsers begin anew at once.
    if (!stop || (names.length > 0 && stop.name === SKIP)) return names;
    names.push(stop.name);
  }
  throw new Error(`The Tab key never leaves ${page.url()}.`);
}

/** Goes back over everything before this place, up to the skip link. */
export async function tabToTheTop(page: Page): Promise<void> {
  for (let stops = 0; stops < MOST_STOPS; stops += 1)
    if ((await tab(page, 'Shift+Tab'))?.name === SKIP) return;
  throw new Error(`Going backwards, the Tab key never comes to the top of ${page.url()}.`);
}

/** The first stop of a page just loaded is the skip link, which is seen then, and leads into the main part. */
export async function skipToMain(page: Page): Promise<void> {
  const first = await tab(page);
  expect(first?.name, page.url()).toBe(SKIP);
  expect(await page.locator('.govuk-skip-link').boundingBox()).toMatchObject({ y: 0 });
  await page.keyboard.press('Enter');
  const second = await tab(page);
  expect(second?.inMain, `after the skip link of ${page.url()}: ${second?.name}`).toBe(true);
}

/** In the page: remembers how everything looks without the focus, and gives who judges what has it next. */
function judgeNextStop(): () => Stop | null {
  const paint = (element: Element, part?: string): string => {
    const style = getComputedStyle(element, part);
    if (style.opacity === '0' || (part && style.content === 'none')) return '';
    const { outlineStyle, outlineWidth, outlineColor, borderWidth, borderColor } = style;
    const ring = outlineStyle !== 'none' && !/, 0\)$|transparent/.test(outlineColor);
    const border = /[1-9]/.test(borderWidth) ? [borderWidth, borderColor] : [];
    return [
      style.backgroundColor,
      style.boxShadow,
      ...border,
      ...(ring ? [outlineWidth, outlineColor] : []),
    ].join();
  };
  // What is seen of a radio or a checkbox is painted by the label after it.
  const look = (element: Element): string =>
    [element, element.nextElementSibling]
      .flatMap((each) => (each ? [undefined, '::before', '::after'].map((part) => paint(each, part)) : []))
      .join('/');
  const places = 'a[href], button, input, textarea, select, summary, [tabindex="0"]';
  const others = [...document.querySelectorAll(places)].filter((each) => each !== document.activeElement);
  const before = new Map(others.map((each) => [each, look(each)]));
  const trouble = (element: Element): string | null => {
    if (before.get(element) === look(element)) return 'looks the same with the focus as without';
    const [box] = element.getClientRects();
    const middle = (from: number, to: number, end: number) => (Math.max(from, 0) + Math.min(to, end)) / 2;
    const hit =
      box &&
      document.elementFromPoint(
        middle(box.left, box.right, innerWidth),
        middle(box.top, box.bottom, innerHeight),
      );
    if (!hit) return 'has the focus out of sight';
    return element.contains(hit) || hit.contains(element) ? null : `lies under ${hit.outerHTML.slice(0, 80)}`;
  };
  return () => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const named = element.getAttribute('aria-label') ?? (element.textContent || element.id);
    const name = named.replace(/\s+/g, ' ').trim();
    return { name, inMain: element.closest('main') !== null, trouble: trouble(element) };
  };
}
