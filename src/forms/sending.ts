/**
 * How what was filled in leaves this room: the seams to whoever publishes, seals, keeps and sends. `submissions`
 * is on the other side of them, and `cli` puts the two together.
 */

import type { Recipient } from '../sealing/keys.ts';
import type { OrganisationId } from '../sealing/place.ts';
import type { Refusal } from '../web/refusal.ts';
import type { Day } from './day.ts';
import type { Answers, FileAnswer, FormDefinition, Summary } from './form.ts';
import type { Contacts } from './security.ts';

/** A document somebody signed, verbatim. */
export type SignedText = { readonly text: string; readonly signature: string };

/** A form that takes submissions, and whom they are sealed to. Nothing in it is secret: the page carries it whole. */
export type PublishedForm = {
  readonly organisation: {
    readonly id: OrganisationId;
    readonly slug: string;
    readonly name: string;
    /** Whether its keys are public: every page says so. */
    readonly demonstration: boolean;
  };
  readonly definition: FormDefinition;
  readonly generation: number;
  readonly recipient: Recipient;
  /**
   * The form-key document that says the recipient, with its approval; a turn of the key in use has none. `inner`: the
   * document of the key that this one was made around, to whose recipient everything is sealed first.
   */
  readonly formKey: {
    readonly document: SignedText;
    readonly approval: SignedText | null;
    readonly inner: SignedText | null;
  };
};

// With JavaScript: everything stays in the browser until the declaration is accepted.

/** The name of the event by which `<letterbox-fill>` asks to seal and send. It bubbles; `detail` is a `SendRequest`. */
export const sendEvent = 'letterbox-send';

/**
 * What is to be sealed and sent. The answers' files (`filesIn`) carry the ids that `files` have; once an attachment is
 * sealed under an id of its own, say so by `withFileIds`.
 */
export type SendRequest = {
  readonly published: PublishedForm;
  readonly answers: Answers;
  readonly equality: Answers | null;
  readonly summary: Summary;
  readonly today: Day;
  readonly files: readonly { readonly question: string; readonly id: string; readonly file: File }[];
  /**
   * To be called once, synchronously. When `outcome` says sent, the draft is deleted and the sender may replace the
   * element by a confirmation; otherwise the message is shown and everything stays as it is. A rejection counts as not
   * sent.
   */
  respond(outcome: Promise<SendOutcome>): void;
};

export type SendOutcome = { readonly sent: true } | { readonly sent: false; readonly message: string };

/** The answers with each file called by the id that `ids` gives for it; a file not in `ids` is left out. */
export function withFileIds(answers: Answers, ids: ReadonlyMap<string, string>): Answers {
  const renamed = (file: FileAnswer) => {
    const id = ids.get(file.id);
    return id === undefined ? [] : [{ ...file, id }];
  };
  const isFile = (item: string | FileAnswer): item is FileAnswer => typeof item === 'object';
  return Object.fromEntries(
    Object.entries(answers).map(([question, answer]) => {
      if (!Array.isArray(answer)) return [question, answer];
      const items: readonly (string | FileAnswer)[] = answer;
      return [question, items.some(isFile) ? items.filter(isFile).flatMap(renamed) : answer];
    }),
  );
}

// Without JavaScript: what is typed travels in the pages; what is sent, and files at once, are sealed on arrival.

/** A file on its way in. Take `content` to its end, or let an error that it throws pass and keep nothing. */
export type IncomingFile = {
  readonly question: string;
  readonly name: string;
  readonly type: string;
  readonly content: AsyncIterable<Uint8Array>;
};

/** A file that was sealed on arrival; `reference` is a short text that `send` finds it by. */
export type KeptFile = FileAnswer & { readonly reference: string };

export type Arriving = {
  /** What `startCase` gave. */
  readonly carry: string;
  readonly answers: Answers;
  readonly equality: Answers | null;
  readonly summary: Summary;
  readonly files: readonly (KeptFile & { readonly question: string })[];
};

/** A page that shows what was sent. */
export type Confirmation = { readonly template: string; readonly context: Record<string, unknown> };

export type FormsDeps = {
  /** The newest version of a form that takes submissions, by the slugs of its address. */
  publishedForm(organisation: string, form: string): Promise<PublishedForm | null>;
  /** Every form that takes submissions, by organisation and title. */
  listForms(): Promise<readonly PublishedForm[]>;
  /** Makes a case for somebody without JavaScript; the text (its id and secrets) travels in their pages only. */
  startCase(form: PublishedForm): Promise<string>;
  keepFile(form: PublishedForm, carry: string, file: IncomingFile): Promise<KeptFile | Refusal>;
  /** Seals and stores; the same `carry` sent twice gives the same confirmation and one case. */
  send(form: PublishedForm, arriving: Arriving): Promise<Confirmation | Refusal>;
  /**
   * The template of the element that seals and sends in the browser; it is included beside the form, on the page that
   * carries the whole form, with `form` (the definition) and `organisation` at hand.
   */
  readonly sender?: string;
  /** What `security.txt` says besides the forms for data problems; where it is not given, there is no such file. */
  readonly contacts?: Contacts;
  readonly clock?: () => Date;
};
