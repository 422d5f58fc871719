/** `<letterbox-notice-propose>`: makes the list of a notice, from the cases or from a file, shows it, and proposes it. */
import { z } from 'zod';
import type { Unopened } from '../../incidents/browser/finding.ts';
import { newId } from '../../sealing/place.ts';
import { carriedJson, make, many, say } from '../../web/browser/ask.ts';
import type { Left } from '../contact-list.ts';
import { listOf } from '../list.ts';
import { type List, listHashOf, type Message, messagesOf, rowOf } from '../notice.ts';
import { finding } from './finding.ts';
import {
  asked,
  type Carried,
  carriedShape,
  freshSecret,
  listInFile,
  NotAgreed,
  newestKeys,
  sealList,
} from './list.ts';
import { button, countsIn, doing, fileField, leftOut, preview, result, shared } from './showing.ts';

const USUAL_PACE = 600;

type Made = {
  readonly list: List;
  readonly source: 'cases' | 'file';
  readonly unopened: readonly Unopened[];
  readonly left: readonly Left[];
};

class ProposeElement extends HTMLElement {
  connectedCallback(): void {
    const of = carriedShape.parse(carriedJson(this));
    const found = button('Find the people and make the list', () => doing(this, () => this.find(of)));
    const file = fileField(
      of.cases.length > 0 ? 'Or: they are in a file' : 'Whom is it to go to?',
      (chosen) => doing(this, () => this.read(of, chosen)),
    );
    this.append(...(of.cases.length > 0 ? [found] : []), file);
  }

  private async find(of: Carried): Promise<void> {
    const { people, unopened } = await finding(this, of.cases);
    this.show(of, { list: listOf(people, freshSecret()), source: 'cases', unopened, left: [] });
  }

  private async read(of: Carried, file: File): Promise<void> {
    say(this, 'Reading the file …');
    const { list, left } = await listInFile(file, of.incident);
    this.show(of, { list, source: 'file', unopened: [], left });
  }

  private show(of: Carried, made: Made): void {
    const { words, step } = of;
    if (!words || step === null) throw new NotAgreed('Write the words of the notice first.');
    const messages = messagesOf(made.list, words, of.from);
    say(this, `${countsIn(made.list)}. Nothing was sent.`);
    const pace = make('input', {
      type: 'number',
      id: 'notice-pace',
      class: 'govuk-input govuk-input--width-5',
      min: '60',
      max: '12000',
      value: String(USUAL_PACE),
    });
    const paced = make(
      'div',
      { class: 'govuk-form-group' },
      make('label', { class: 'govuk-label', for: 'notice-pace' }, 'Messages a minute, at most'),
      make(
        'div',
        { class: 'govuk-hint' },
        'From 60 to 12,000. A mail relay may not take more than a few hundred.',
      ),
      pace,
    );
    const proposing = button('Propose this notice', () =>
      doing(this, () => this.propose(of, made, { messages, step, pace: pace.valueAsNumber })),
    );
    const can = messages.length > 0;
    result(
      this,
      ...[...leftOut(made.unopened, made.left), ...shared(made.list)],
      ...(can ? [preview(messages), paced, proposing] : []),
    );
  }

  private async propose(
    of: Carried,
    made: Made,
    what: { messages: readonly Message[]; step: number; pace: number },
  ): Promise<void> {
    const { messages, step, pace } = what;
    if (!(pace >= 60 && pace <= 12_000))
      throw new NotAgreed('Enter a number from 60 to 12,000: messages a minute.');
    const notice = newId();
    const forms =
      made.source === 'file' ? [] : await newestKeys([...new Set(of.cases.map(({ form }) => form))]);
    const sealed =
      made.source === 'file'
        ? null
        : await sealList(made.list, { organisation: of.organisation, notice, forms });
    await asked(z.object({ done: z.literal(true) }), `/incidents/${of.incident}/notice`, {
      ...{
        notice,
        step,
        source: made.source,
        forms,
        sealed,
        pace: Math.round(pace),
        list: listHashOf(messages),
      },
      cases: made.source === 'file' ? [] : opened(of, made),
      messages: messages.map(rowOf),
      text: toldOf(made),
    });
    location.reload();
  }
}

/** The cases whose people are in the list. */
function opened({ cases }: Carried, { unopened }: Made) {
  const not = new Set(unopened.map(({ id }) => id));
  return cases.filter(({ id }) => !not.has(id)).map(({ id, form }) => ({ id, form }));
}

/** What the register keeps in words: numbers, and nobody's name. */
function toldOf({ list, unopened, left }: Made): string {
  const out = [
    unopened.length > 0
      ? `${many(unopened.length, 'case')} could not be opened: whoever is in them is not in the list.`
      : '',
    left.length > 0 ? `${many(left.length, 'line')} of the file are not in the list.` : '',
  ];
  return [`${countsIn(list)}.`, ...out].filter(Boolean).join(' ');
}

customElements.define('letterbox-notice-propose', ProposeElement);
