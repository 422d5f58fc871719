/** What becomes of a case of a form: data in its definition, read by whoever works on cases. */

import type { Condition } from './form.ts';

/** The life of a case of this form: its states, and the clocks that run between them. */
export type Casework = {
  readonly states: readonly { readonly id: string; readonly label: string; readonly final?: boolean }[];
  readonly outcomes: readonly { readonly id: string; readonly label: string }[];
  readonly clocks: readonly Clock[];
  /** The question a reviewer answers, if the law puts one. */
  readonly test?: string;
};

/** Runs from a state to any of others for a period; `again`: starts anew each time it was met. */
export type Clock = {
  readonly id: string;
  readonly label: string;
  readonly from: string;
  readonly until: readonly string[];
  readonly period: string;
  readonly again?: boolean;
};

/** `victims`, `children`: whether a case is about one; a form without them does not know. `reach`: the question how to reach somebody. */
export type AboutPeople = {
  readonly victims?: Condition;
  readonly children?: Condition;
  readonly reach?: string;
};
