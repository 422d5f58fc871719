/** The public site's doors of this room: sealed posts and chunks of attachments. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { attachmentChunk } from '../sealing/attachment.ts';
import { decodePost, largestPost, postContentType } from '../sealing/post.ts';
import { startsSealed } from '../sealing/seal.ts';
import type { Database } from '../store/store.ts';
import { ProblemError } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import type { Intake } from './intake.ts';
import { putChunk } from './store.ts';
import { acknowledge, type ChunkVerdict } from './submissions.ts';

export type SubmissionsDeps = {
  /** As role `letterbox_slot`. */
  readonly database: Database;
  readonly intake: Intake;
};

export function submissionsRoutes(deps: SubmissionsDeps): FastifyPluginAsync {
  return async (app) => {
    await app.register(sealedRoutes(deps));
  };
}

const slug = z.string().regex(/^[a-z0-9-]{1,40}$/);
const chunkNumber = z.string().regex(/^(0|[1-9]\d{0,3})$/);
const formParams = z.object({ organisation: slug, form: slug });
// Exactly the one spelling that the places inside sealed objects use.
const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const chunkParams = formParams.extend({ case: id, attachment: id, n: chunkNumber });

/** These two doors take one content type each, and no other is even parsed. */
function sealedRoutes({ database, intake }: SubmissionsDeps): FastifyPluginAsync {
  return async (plain) => {
    plain.removeAllContentTypeParsers();
    takeBytes(plain, postContentType, largestPost);
    takeBytes(plain, 'application/octet-stream', attachmentChunk);
    const app = plain.withTypeProvider<ZodTypeProvider>();
    const door = { config: { audience: 'public' as const } };

    app.post(
      '/:organisation/:form/cases',
      { ...door, schema: { params: formParams } },
      async (request, reply) => {
        const { organisation, form } = request.params;
        const bytes = bodyOf(request, postContentType);
        const post = bytes && decodePost(bytes);
        // Who seals on arrival does not come by this door.
        if (!post || post.form !== form || post.arrival !== 'browser') throw malformed();
        const result = await intake.post({ slug: organisation, post });
        const answer = isRefusal(result) ? result : await acknowledge(post.case, result);
        if (isRefusal(answer)) return reply.refuse(answer);
        return reply.status(!isRefusal(result) && result.verdict === 'again' ? 200 : 201).send(answer);
      },
    );

    app.put(
      '/:organisation/:form/cases/:case/attachments/:attachment/:n',
      { ...door, schema: { params: chunkParams } },
      async (request, reply) => {
        const { organisation, n, ...to } = request.params;
        const bytes = bodyOf(request, 'application/octet-stream');
        if (!bytes || bytes.length === 0 || (n === '0' && !startsSealed(bytes))) throw malformed();
        const verdict = await putChunk(database, { ...to, slug: organisation, n: Number(n) }, bytes);
        if (verdict === 'kept' || verdict === 'again') return reply.status(204).send();
        if (verdict === 'too-large' || verdict === 'too-many') throw tooLarge();
        return reply.refuse(chunkRefusals[verdict]);
      },
    );
  };
}

const chunkRefusals: Record<Exclude<ChunkVerdict, 'kept' | 'again' | 'too-large' | 'too-many'>, Refusal> = {
  closed: refuse('closed', 'missing', 'This form does not take submissions. Check the address.'),
  posted: refuse('posted', 'conflict', 'This was sent already. Nothing can be added to it.'),
  'other-bytes': refuse(
    'other-bytes',
    'conflict',
    'Another part of a file lies here. Send the file again from its start.',
  ),
};

function takeBytes(app: FastifyInstance, type: string, bodyLimit: number): void {
  app.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
    done(null, body),
  );
}

/** The body, if it came as this type. Each door knows one; the parser above cannot tell doors apart. */
function bodyOf(
  request: { body: unknown; headers: { 'content-type'?: string | undefined } },
  type: string,
): Buffer | null {
  if (request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== type) throw wrongType();
  return Buffer.isBuffer(request.body) ? request.body : null;
}

const malformed = () => new ProblemError(400, 'This is not a sealed post.');
const wrongType = () => new ProblemError(415, 'This door takes another content type.');
const tooLarge = () => new ProblemError(413, 'This attachment is too large, or there are too many.');
