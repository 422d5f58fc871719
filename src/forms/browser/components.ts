/** The design system's own scripts, for the components that pages of the public side have. */
import {
  Button,
  CharacterCount,
  Checkboxes,
  ErrorSummary,
  ExitThisPage,
  NotificationBanner,
  Radios,
  SkipLink,
} from 'govuk-frontend';
import { forgetDrafts } from './draft.ts';

/** Leaves at once, and takes what was typed with it. */
class Leaving extends ExitThisPage {
  override exitPage(): void {
    forgetDrafts();
    // A browser that keeps pages in memory must not show this one again.
    window.addEventListener('pageshow', () => location.replace('/'));
    super.exitPage();
  }
}

const KINDS = [
  Button,
  CharacterCount,
  Checkboxes,
  ErrorSummary,
  Leaving,
  NotificationBanner,
  Radios,
  SkipLink,
];

/** Starts every component under `root` that is not started yet; `root` must be in the document. */
export function startComponents(root: ParentNode): void {
  for (const Kind of KINDS) {
    const name = Kind.moduleName;
    for (const element of root.querySelectorAll(`[data-module="${name}"]:not([data-${name}-init])`)) {
      try {
        new Kind(element);
      } catch {
        // A browser too old for a component is shown the page as it came, which works without.
      }
    }
  }
}
