/** What the database knows of grants and form keys; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import type { AccessState } from './grant.ts';
import { accessStateShape, formKeyShape, waitingShape } from './shapes.ts';

/** Who reads a form and who might; refuses (LB404) a form the organisation does not have. */
export async function accessState(on: Statements, form: string): Promise<AccessState> {
  const row = await on.one(
    z.object({ state: accessStateShape }),
    'select letterbox.access_state($1) as state',
    [form],
  );
  return row.state;
}

/** The form a grant is about, or null when the actor's organisation has no such grant. */
export async function formOfGrant(on: Statements, grant: string): Promise<string | null> {
  const row = await on.one(
    z.object({ form: z.string().nullable() }),
    'select letterbox.form_of_grant($1) as form',
    [grant],
  );
  return row.form;
}

const bytes = z.instanceof(Uint8Array);
export type KeyEnvelope = { readonly form: string; readonly generation: number; readonly sealed: Uint8Array };

/** The actor's own key envelopes, while a grant of theirs is in force. */
export function myFormKeys(on: Statements): Promise<KeyEnvelope[]> {
  const shape = z.object({ form: z.string(), generation: z.number(), sealed: bytes });
  return on.rows(shape, 'select * from letterbox.my_form_keys()');
}

export type Waiting = z.infer<typeof waitingShape>;

/** What waits for the actor to do about grants and form keys. */
export function whatWaits(on: Statements): Promise<Waiting[]> {
  return on.rows(waitingShape, 'select * from letterbox.what_waits() order by what, form, name');
}

export type FormKeyRow = z.infer<typeof formKeyShape>;

/** A form's keys, newest first, countersigned or not. */
export function formKeys(on: Statements, form: string): Promise<FormKeyRow[]> {
  return on.rows(formKeyShape, 'select * from letterbox.form_keys($1)', [form]);
}

const titleShape = z.object({ form: z.string(), title: z.string(), open: z.boolean() });

/** The forms of the actor's organisation. */
export function ownFormTitles(on: Statements): Promise<z.infer<typeof titleShape>[]> {
  return on.rows(titleShape, "select form, definition ->> 'title' as title, open from letterbox.own_forms()");
}
