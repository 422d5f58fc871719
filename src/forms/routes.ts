/** The public site's doors of this room: the list of forms, each form's start page, and the way through it. */
import multipart, { type Multipart } from '@fastify/multipart';
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { largestCarried } from './carried.ts';
import { firstView, formContext, takeStep, type View } from './onarrival.ts';
import { securityText } from './security.ts';
import type { FormsDeps, PublishedForm } from './sending.ts';
import type { Part } from './uploads.ts';

const params = z.object({ organisation: z.string().max(60), form: z.string().max(60) });
const door = { config: { audience: 'public' as const }, schema: { params } };

/** URL encoding makes up to three bytes of one; what is larger than any form can be is cut off here. */
const LARGEST_STEP = 3 * largestCarried;

export function formsRoutes(deps: FormsDeps): FastifyPluginAsync {
  return async (plain) => {
    await plain.register(multipart, {
      throwFileSizeLimit: false,
      // One byte more than the largest file shows that a file is too large; `uploads.ts` says so.
      limits: {
        fileSize: 20 * 1024 * 1024 + 1,
        files: 30,
        fields: 500,
        fieldSize: largestCarried,
        parts: 530,
      },
    });
    plain.setErrorHandler(answerOversized);
    const app = plain.withTypeProvider<ZodTypeProvider>();

    app.get('/', { config: { audience: 'public' } }, async (_request, reply) => {
      const forms = (await deps.listForms()).map(listed);
      return reply.samePage('forms/pages/list.njk', { forms });
    });

    app.get('/.well-known/security.txt', { config: { audience: 'public' } }, async (_request, reply) => {
      const text = deps.contacts && securityText(await deps.listForms(), deps.contacts, new Date());
      return text ? reply.type('text/plain; charset=utf-8').send(text) : missing(reply);
    });

    app.get('/about', { config: { audience: 'public' } }, (_request, reply) =>
      reply.samePage('forms/pages/about.njk', {}),
    );

    app.get('/:organisation/:form', door, async (request, reply) => {
      const published = await deps.publishedForm(request.params.organisation, request.params.form);
      if (!published) return missing(reply);
      return reply.samePage('forms/pages/start.njk', formContext(published));
    });

    app.get('/:organisation/:form/fill', door, async (request, reply) => {
      const published = await deps.publishedForm(request.params.organisation, request.params.form);
      if (!published) return missing(reply);
      const { template, context } = firstView(deps, published);
      return reply.samePage(template, { ...context, published, whole: true, sender: deps.sender });
    });

    app.post('/:organisation/:form/fill', { ...door, bodyLimit: LARGEST_STEP }, async (request, reply) => {
      const published = await deps.publishedForm(request.params.organisation, request.params.form);
      if (!published) return missing(reply);
      const view: View | null = await takeStep(deps, published, partsOf(request));
      if (!view) return stopped(reply, formContext(published), 400);
      return reply.page(view.template, view.context, view.status);
    });
  };
}

const listed = ({ organisation, definition }: PublishedForm) => ({
  organisation: organisation.name,
  title: definition.title,
  lead: definition.start.lead,
  url: `/${organisation.slug}/${definition.id}`,
});

/** The parts of a post in the order of the page, whichever way it is written. */
async function* partsOf(request: FastifyRequest): AsyncGenerator<Part> {
  if (!request.isMultipart()) {
    for (const [name, value] of Object.entries(fieldsOf(request.body))) {
      for (const one of value) yield { name, value: one };
    }
    return;
  }
  for await (const part of readable(request.parts())) {
    if (part.type === 'field') {
      yield { name: part.fieldname, value: typeof part.value === 'string' ? part.value : '' };
      continue;
    }
    // The stream stays open if its reader stops early, and is emptied here, so that the rest can be read.
    const content = part.file.iterator({ destroyOnReturn: false });
    // A file input with nothing chosen comes without a name.
    yield { name: part.fieldname, file: { name: part.filename ?? '', type: part.mimetype, content } };
    part.file.resume();
  }
}

/** The same parts; what cannot be read as parts is the sender's mistake, not a defect. */
async function* readable(parts: AsyncIterable<Multipart>): AsyncGenerator<Multipart> {
  try {
    yield* parts;
  } catch (error) {
    const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 400;
    throw Object.assign(new Error('The post cannot be read.'), { statusCode: status });
  }
}

const fields = z.record(z.string(), z.union([z.string().transform((one) => [one]), z.array(z.string())]));

function fieldsOf(body: unknown): Record<string, string[]> {
  const read = fields.safeParse(body);
  return read.success ? read.data : {};
}

const SENTENCES: Record<number, { heading: string; message: string }> = {
  400: {
    heading: 'We could not read what your browser sent',
    message:
      'Nothing has been sent to anyone. Go back in your browser: what you typed is still there. Then try again.',
  },
  404: {
    heading: 'There is no such form',
    message:
      'This form does not exist, or it does not take submissions. Check the address. Nothing was sent.',
  },
  413: {
    heading: 'What you entered is too large',
    message:
      'Nothing has been sent to anyone. Go back in your browser: what you typed is still there. Make it shorter, or choose fewer or smaller files, then try again.',
  },
};

function missing(reply: FastifyReply): FastifyReply {
  return stopped(reply, {}, 404);
}

function stopped(
  reply: FastifyReply,
  context: Record<string, unknown>,
  status: 400 | 404 | 413,
): FastifyReply {
  return reply.page('forms/pages/stopped.njk', { ...context, ...SENTENCES[status] }, status);
}

/** Posts that are cut off while they are read; anything else is for the site to answer. */
function answerOversized(
  this: FastifyInstance,
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
) {
  if (error.statusCode === 413) return stopped(reply, {}, 413);
  if (error.statusCode === 400 || error.code?.startsWith('FST_')) return stopped(reply, {}, 400);
  throw error;
}
