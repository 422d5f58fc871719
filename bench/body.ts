/** A body to measure on: two published forms with approved keys, and a caseworker who is signed in and may read. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { generateIdentity, type Recipient } from '../src/sealing/keys.ts';

export type Body = {
  readonly id: string;
  readonly slug: string;
  /** The secret of the caseworker's session: what the cookie holds. */
  readonly session: string;
};

const FORMS = ['review', 'victims'] as const;

/**
 * Written straight into the database by its administrator, as a fixture: founding and granting are not what is measured
 * here, and their stories are told in `stories/`. Signatures are left blank, so no browser would seal a form key by it.
 */
export async function makeBody(adminUrl: string, slug = 'exampleshire'): Promise<Body> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query('set search_path = letterbox');
    const [id, founder, approver, reader] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await client.query(
      'insert into organisation (id, slug, name, demonstration, founded_at) values ($1, $2, $3, true, now())',
      [...[id, slug, 'Exampleshire Office for Policing']],
    );
    const { recipient } = await generateIdentity();
    for (const [person, name] of [
      [founder, 'Founder'],
      [approver, 'Approver'],
      [reader, 'Reader'],
    ]) {
      await client.query(
        `insert into person (organisation, id, name, email, capacities, invited_at, enrolled_at, recipient, verify_key, confirmed_at)
         values ($1, $2, $3, $4, $5, now(), now(), $6, 'none', now())`,
        [id, person, name, `${name?.toLowerCase()}@example.org`, ['manager', 'caseworker'], recipient],
      );
    }
    for (const form of FORMS) await openForm(client, { id, form, recipient, founder, approver, reader });
    const session = randomBytes(32);
    await client.query(
      'insert into session (secret_hash, organisation, person, opened_at, seen_at) values ($1, $2, $3, now(), now())',
      [createHash('sha256').update(session).digest(), id, reader],
    );
    return { id, slug, session: session.toString('hex') };
  } finally {
    await client.end();
  }
}

type Opening = {
  readonly id: string;
  readonly form: (typeof FORMS)[number];
  readonly recipient: Recipient;
  readonly founder: string;
  readonly approver: string;
  readonly reader: string;
};

async function openForm(
  client: pg.Client,
  { id, form, recipient, founder, approver, reader }: Opening,
): Promise<void> {
  const definition = readFileSync(new URL(`../forms/${form}.json`, import.meta.url), 'utf8');
  await client.query(
    'insert into published_form (organisation, form, version, definition, published_at) values ($1, $2, 1, $3, now())',
    [id, form, definition],
  );
  const at = new Date().toISOString();
  const write = async (kind: string, signer: string, facts: object): Promise<Buffer> => {
    const text = JSON.stringify({ kind, organisation: id, ...facts, signer, at });
    const hash = createHash('sha256').update(text).digest();
    await client.query(
      "insert into signed_document (organisation, hash, kind, signer, text, signature, at) values ($1, $2, $3, $4, $5, '', now())",
      [id, hash, kind, signer, text],
    );
    return hash;
  };
  const document = await write('form-key', founder, {
    ...{ form, generation: 1, recipient, after: null, around: null },
  });
  const approval = await write('form-key-approval', approver, { formKey: document.toString('hex') });
  await client.query(
    `insert into form_key (organisation, form, generation, recipient, document, approval, made_at, approved_at)
     values ($1, $2, 1, $3, $4, $5, now(), now())`,
    [id, form, recipient, document, approval],
  );
  const grant = randomUUID();
  const proposal = await write('grant', founder, { id: grant, people: [], scopes: [] });
  const agreed = await write('approval', approver, { proposal: proposal.toString('hex') });
  await client.query(
    `insert into proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
     values ($1, $2, $3, $4, now(), now() + interval '1 day', now())`,
    [id, grant, proposal, founder],
  );
  await client.query(
    `insert into grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by, purpose, document,
       proposer, approver, approval, approved_at, fulfilled_at)
     values ($1, $2, $2, $3, $4, 1, now(), now() + interval '1 day', now() + interval '1 day', 'Measuring', $5, $6, $7, $8,
       now(), now())`,
    [id, grant, reader, form, proposal, founder, approver, agreed],
  );
}
