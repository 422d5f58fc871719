/** Finders of published forms. */
import { z } from 'zod';
import { parseRecipient } from '../sealing/keys.ts';
import { organisationId } from '../sealing/place.ts';
import type { Statements } from '../store/store.ts';
import { parseDefinition } from './definition.ts';
import type { FormDefinition } from './form.ts';
import type { PublishedForm } from './sending.ts';

/** Every form that takes submissions, its newest version, by organisation and form. For the public side. */
export async function publishedForms(slot: Statements): Promise<PublishedForm[]> {
  const rows = await slot.rows(publishedRow, `select ${publishedColumns} from letterbox.published_forms()`);
  return rows.map(published);
}

const SLUG = /^[a-z0-9-]{1,40}$/;

/** The form of that address, by the slugs of the organisation and of the form; null where there is none. */
export async function publishedForm(
  slot: Statements,
  slug: string,
  form: string,
): Promise<PublishedForm | null> {
  // PostgreSQL holds no NUL: what is no name of anything is not asked for.
  if (!SLUG.test(slug) || !SLUG.test(form)) return null;
  const row = await slot.maybe(
    publishedRow,
    `select ${publishedColumns} from letterbox.published_forms($1, $2)`,
    [slug, form],
  );
  return row && published(row);
}

/** The forms of the actor's organisation, whether they take submissions yet or not. For the desk. */
export async function ownForms(
  tx: Statements,
  organisationName: string,
): Promise<{ definition: FormDefinition; open: boolean }[]> {
  const rows = await tx.rows(ownRow, 'select definition::text, open from letterbox.own_forms()');
  return rows.map(({ definition, open }) => ({
    definition: definitionOf(definition, organisationName),
    open,
  }));
}

/** A form of the actor's organisation as it was asked in that version; null where there is none. For the desk. */
export async function formVersion(
  tx: Statements,
  form: string,
  version: number,
  organisationName: string,
): Promise<FormDefinition | null> {
  const { definition } = await tx.one(
    versionRow,
    'select letterbox.form_version($1, $2)::text as definition',
    [form, version],
  );
  return definition === null ? null : definitionOf(definition, organisationName);
}

const publishedColumns = `organisation, slug, organisation_name, demonstration, definition::text, generation, recipient,
  key_text, key_signature, approval_text, approval_signature, inner_text, inner_signature`;

const publishedRow = z.object({
  organisation: z.string().transform(organisationId),
  slug: z.string(),
  organisation_name: z.string(),
  demonstration: z.boolean(),
  definition: z.string(),
  generation: z.int(),
  recipient: z.string().transform(parseRecipient),
  key_text: z.string(),
  key_signature: z.string(),
  approval_text: z.string().nullable(),
  approval_signature: z.string().nullable(),
  inner_text: z.string().nullable(),
  inner_signature: z.string().nullable(),
});
const ownRow = z.object({ definition: z.string(), open: z.boolean() });
const versionRow = z.object({ definition: z.string().nullable() });

function published(row: z.output<typeof publishedRow>): PublishedForm {
  return {
    organisation: {
      id: row.organisation,
      slug: row.slug,
      name: row.organisation_name,
      demonstration: row.demonstration,
    },
    definition: definitionOf(row.definition, row.organisation_name),
    generation: row.generation,
    recipient: row.recipient,
    formKey: {
      document: { text: row.key_text, signature: row.key_signature },
      approval: signedText(row.approval_text, row.approval_signature),
      inner: signedText(row.inner_text, row.inner_signature),
    },
  };
}

const signedText = (text: string | null, signature: string | null) =>
  text !== null && signature !== null ? { text, signature } : null;

const parsed = new Map<string, FormDefinition>();

// Versions never change once they are published, so each is parsed once.
function definitionOf(text: string, organisationName: string): FormDefinition {
  const key = `${organisationName}\n${text}`;
  const known = parsed.get(key);
  if (known) return known;
  const definition = parseDefinition(JSON.parse(text), organisationName);
  if (parsed.size >= 200) parsed.clear();
  parsed.set(key, definition);
  return definition;
}
