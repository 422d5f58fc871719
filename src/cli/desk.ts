/** The staff side: `letterbox desk`, or a part of `letterbox start`. Holds the desk's and the sign-in's roles. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as opaque from '@serenity-kit/opaque';
import { z } from 'zod';
import { alarmRoutes } from '../alarm/routes.ts';
import { plantedOn } from '../alarm/store.ts';
import { casesRoutes } from '../cases/routes.ts';
import { conversationRoutes } from '../conversation/desk-routes.ts';
import { grantsRoutes } from '../grants/routes.ts';
import { hostingRoutes } from '../hosting/routes.ts';
import { incidentRoutes } from '../incidents/routes.ts';
import { CONNECTIONS } from '../notices/acts.ts';
import { noticeRoutes } from '../notices/routes.ts';
import { peopleRoutes } from '../people/routes.ts';
import { findActor } from '../people/store.ts';
import { openNotify } from '../post/notify.ts';
import { openRelay } from '../post/post.ts';
import { registerRoutes } from '../register/routes.ts';
import { migrationFiles } from '../store/migrate.ts';
import { writePrivate } from '../store/private-file.ts';
import { type Database, openDatabase, type SessionSecret } from '../store/store.ts';
import { type Assets, freshAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import type { Demonstration } from './demonstration.ts';
import type { Main } from './letterbox.ts';
import { answers, listen, reachableRoleUrl, type Served, serveUntilStopped } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';
import { publishShippedForms } from './shipped-forms.ts';

export type DeskParts = {
  readonly settings: Settings;
  readonly desk: Database;
  readonly signin: Database;
  readonly assets: Assets;
  readonly demonstration: Demonstration | null;
  readonly say: (line: string) => void;
};

/** Serves the desk; resolves once it listens. */
export async function startDesk({
  settings,
  desk,
  signin,
  assets,
  demonstration,
  say,
}: DeskParts): Promise<Served> {
  const app = await createSite({
    site: 'desk',
    assets,
    ready: async () =>
      (await answers(desk, "select from letterbox.session_of('')")) &&
      (await answers(signin, "select from letterbox.passkey_for('')")),
    whoIs: (cookies) => findActor(desk, cookies),
    demonstration: () => demonstration !== null,
    planted: plantedOn(desk, 'desk'),
    diagnostics: say,
    trustProxy: settings.trustProxy,
  });
  await app.register(
    peopleRoutes({
      desk,
      signin,
      party: { id: new URL(settings.deskUrl).hostname, origin: new URL(settings.deskUrl).origin },
      opaqueSetup: await keptOpaqueSetup(settings.data),
      deskUrl: settings.deskUrl,
      onFounded: (session: SessionSecret) => publishShippedForms(desk, session),
    }),
  );
  await app.register(
    hostingRoutes({ desk, deskUrl: settings.deskUrl, data: settings.data, program: thisProgram() }),
  );
  await app.register(alarmRoutes({ desk, deskUrl: settings.deskUrl }));
  await app.register(incidentRoutes({ desk }));
  const { relay, notify } = mailOf(settings);
  app.addHook('onClose', async () => relay?.close());
  await app.register(noticeRoutes({ desk, relay, notify }));
  await app.register(grantsRoutes({ desk }));
  await app.register(casesRoutes({ desk }));
  await app.register(conversationRoutes({ desk, relay, publicUrl: settings.publicUrl }));
  await app.register(registerRoutes({ desk }));
  app.get('/demonstration', { config: { audience: 'public' } }, (_request, reply) =>
    demonstration
      ? reply.page('people/pages/demonstration.njk', { people: demonstration.signInDetails() })
      : reply.callNotFound(),
  );
  return {
    address: await listen(app, settings, settings.deskPort, 'LETTERBOX_DESK_PORT'),
    close: () => app.close(),
  };
}

/** By what notices go out, with as many connections as there may be messages under way. */
const mailOf = ({ mail, notify }: Settings) => ({
  relay: mail && openRelay(mail.relay, mail.from, undefined, CONNECTIONS),
  notify: notify && openNotify(notify),
});

const packageShape = z.object({ version: z.string() });

/** What the operators' page says of this program. */
function thisProgram() {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return { ...packageShape.parse(JSON.parse(file)), migrations: migrationFiles() };
}

/** OPAQUE's long-term server secret; without it nobody could sign in by passphrase again. */
export async function keptOpaqueSetup(data: string): Promise<string> {
  await opaque.ready;
  const file = join(data, 'opaque-server-setup');
  if (!existsSync(file)) writePrivate(file, opaque.server.createSetup());
  return readFileSync(file, 'utf8');
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const desk = openDatabase('desk', await reachableRoleUrl(settings, 'desk'), 8);
  const signin = openDatabase('signin', await reachableRoleUrl(settings, 'signin'), 4);
  const assets = await freshAssets();
  const served = await startDesk({ settings, desk, signin, assets, demonstration: null, say });
  return serveUntilStopped([desk, signin, served], say);
};
