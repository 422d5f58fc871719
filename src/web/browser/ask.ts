/** Asking our own server from a page: JSON both ways, refusals in the server's words. */

export type Answer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: number; readonly message: string };

const UNREACHABLE =
  'The server could not be reached. Check your connection and try again. Nothing was changed.';

/** GET (no body) or POST (or another `method`) to a path of this site. Never throws. */
export async function ask(
  path: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> {
  try {
    const response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text === '' ? null : JSON.parse(text);
    if (response.ok) return { ok: true, body: parsed };
    const told = typeof parsed === 'object' && parsed !== null && 'message' in parsed ? parsed.message : null;
    return { ok: false, status: response.status, message: typeof told === 'string' ? told : UNREACHABLE };
  } catch {
    return { ok: false, status: 0, message: UNREACHABLE };
  }
}

/** The JSON a page carries for one of its elements, in a `<script type="application/json">`. */
export function carriedJson(element: Element): unknown {
  const script = element.querySelector('script[type="application/json"]');
  return script?.textContent ? JSON.parse(script.textContent) : null;
}

/** An element with text and attributes: everything the desk builds is built so, never from HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** `1 case`, `2 cases`. */
export const many = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;

/** Says something in an element's `[data-status]` line, which is a live region. */
export function say(element: Element, message: string, kind: 'working' | 'error' | 'done' = 'working'): void {
  const line = element.querySelector('[data-status]');
  if (!line) return;
  line.textContent = message;
  line.className = kind === 'error' ? 'govuk-error-message' : 'govuk-body';
}
