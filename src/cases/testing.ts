/** For tests: people with sessions and grants as the database keeps them, cases with attachments, and the desk's site. */
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { shippedJson } from '../forms/shipped.testing.ts';
import { sealAttachment } from '../sealing/attachment.ts';
import { newId } from '../sealing/place.ts';
import {
  type CaseDraft,
  newCase,
  type SealedAttachment,
  type SealedPost,
  sealSubmission,
} from '../sealing/submission.ts';
import { type SessionSecret, sessionSecret } from '../store/store.ts';
import type { TestDatabase } from '../store/testing.ts';
import { postCases } from '../submissions/acts.ts';
import { putChunk } from '../submissions/store.ts';
import { type OpenForm, openForm } from '../submissions/testing.ts';
import { testAssets } from '../web/assets.ts';
import { type Actor, createSite } from '../web/server.ts';
import { casesRoutes } from './routes.ts';

/** An organisation with the review form open, and its two managers. */
export type Body = OpenForm & { readonly managers: readonly [Actor, Actor] };

const definition = z.looseObject({ id: z.string(), title: z.string() });

export async function aBody(db: TestDatabase, slug = 'exampleshire'): Promise<Body> {
  const form = await openForm(db.admin, slug, definition.parse(shippedJson('review')));
  const organisation = form.target.organisation;
  const managers = [
    await aPerson(db, organisation, ['manager']),
    await aPerson(db, organisation, ['manager']),
  ] as const;
  return { ...form, managers };
}

/** A confirmed person who has just signed in. */
export async function aPerson(
  db: TestDatabase,
  organisation: string,
  capacities: readonly string[] = ['caseworker'],
): Promise<Actor> {
  const [person, name] = [newId(), `Person ${randomBytes(3).toString('hex')}`];
  await db.admin.run(
    `insert into letterbox.person (organisation, id, name, email, capacities, invited_at, enrolled_at, recipient,
       verify_key, confirmed_at) values ($1, $2, $3, $4, $5, now(), now(), 'age1pq1', 'key', now())`,
    [organisation, person, name, `${person}@example.com`, capacities],
  );
  const session = await aSession(db, organisation, person);
  return {
    ...{ organisation, organisationName: 'Exampleshire Office for Policing', person, name },
    ...{ kind: 'controller', capacities, confirmed: true, session },
  };
}

async function aSession(db: TestDatabase, organisation: string, person: string): Promise<SessionSecret> {
  const secret = sessionSecret(randomBytes(32).toString('hex'));
  if (secret === null) throw new Error('No secret.');
  await db.admin.run(
    `insert into letterbox.session (secret_hash, organisation, person, opened_at, seen_at)
     values ($1, $2, $3, now(), now())`,
    [createHash('sha256').update(Buffer.from(secret, 'hex')).digest(), organisation, person],
  );
  return secret;
}

/** Puts a grant into the table, as it stands after two managers signed it; of one case where `of` names it. Returns its id. */
export async function grantTo(
  db: TestDatabase,
  body: Body,
  reader: Actor,
  fromGeneration = 1,
  of: string | null = null,
): Promise<string> {
  const id = newId();
  const document = randomBytes(32);
  const [proposer, approver] = body.managers;
  const { organisation, form } = body.target;
  await db.admin.run(
    `insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
     values ($1, $2, $3, $4, now(), now() + interval '1 day', now())`,
    [organisation, id, document, proposer.person],
  );
  await db.admin.run(
    `insert into letterbox.grants (organisation, id, proposal, person, form, case_id, from_generation, starts, until,
       review_by, purpose, document, proposer, approver, approval, approved_at, fulfilled_at)
     values ($1, $2, $2, $3, $4, $9, $5, now() - interval '1 day', now() + interval '1 day', now() + interval '1 day',
       'casework', $6, $7, $8, '', now(), now())`,
    [
      ...[organisation, id, reader.person, form, fromGeneration, document],
      ...[proposer.person, approver.person, of],
    ],
  );
  return id;
}

/** A person with a grant in force from the first generation on. */
export async function aReader(db: TestDatabase, body: Body): Promise<Actor & { readonly grant: string }> {
  const reader = await aPerson(db, body.target.organisation);
  return { ...reader, grant: await grantTo(db, body, reader) };
}

export async function endGrant(db: TestDatabase, grant: string): Promise<void> {
  await db.admin.run(
    `update letterbox.grants set ended_at = now(), ended_by = approver, end_document = '' where id = $1`,
    [grant],
  );
}

export async function expireGrant(db: TestDatabase, grant: string): Promise<void> {
  await db.admin.run(`update letterbox.grants set until = now() - interval '1 second' where id = $1`, [
    grant,
  ]);
}

export type Posted = {
  readonly draft: CaseDraft;
  readonly post: SealedPost;
  readonly attachment: SealedAttachment;
};

export const content = {
  answers: { why: 'Nobody spoke to the two witnesses I named.' },
  summary: { title: 'Ms Ana Silva', lines: ['about a review'] },
  equality: { age: '30 to 39' },
};

/** Posts a case with one attachment through the public side's functions. */
export async function aCase(
  db: TestDatabase,
  body: Pick<Body, 'slug' | 'target'>,
  file: Uint8Array<ArrayBuffer> = randomBytes(1000),
): Promise<Posted> {
  const draft = await newCase(body.target, new Date());
  const attachment = await sealAttachment(
    draft,
    { name: 'photo.jpg', type: 'image/jpeg', size: file.length },
    new Blob([file]).stream(),
    async (id, n, chunk) => {
      const to = { slug: body.slug, form: body.target.form, case: draft.case, attachment: id, n };
      if ((await putChunk(db.slot, to, chunk)) !== 'kept') throw new Error('A chunk was not kept.');
    },
  );
  const post = await sealSubmission(draft, content, [attachment]);
  const [result] = await postCases(db.slot, [{ slug: body.slug, post }]);
  if (result?.verdict !== 'accepted') throw new Error(`The case was not taken in: ${result?.verdict}`);
  return { draft, post, attachment };
}

const entry = z.object({ kind: z.string(), actor: z.string().nullable(), body: z.string() });
export type Entry = z.infer<typeof entry>;

/** The register's entries of these kinds, the oldest first. */
export function entries(db: TestDatabase, ...kinds: string[]): Promise<Entry[]> {
  return db.admin.rows(
    entry,
    'select kind, actor, body from letterbox.register_entry where kind = any ($1) order by id',
    [kinds],
  );
}

/** The desk with this room only; whoever sends the cookie `who=<person>` is that actor. */
export async function aDesk(db: TestDatabase, actors: readonly Actor[]): Promise<FastifyInstance> {
  const app = await createSite({
    site: 'desk',
    assets: testAssets(),
    ready: async () => true,
    demonstration: () => false,
    whoIs: async ({ who }) => actors.find(({ person }) => person === who) ?? null,
  });
  await app.register(casesRoutes({ desk: db.desk }));
  return app;
}
