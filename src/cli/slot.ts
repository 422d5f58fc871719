/** The public side: `letterbox slot`, or a part of `letterbox start`. Holds the slot's database role only. */

import { plantedOn } from '../alarm/store.ts';
import { returnRoutes } from '../conversation/return-routes.ts';
import { formsRoutes } from '../forms/routes.ts';
import { publishedForm, publishedForms } from '../forms/store.ts';
import { type Database, openDatabase } from '../store/store.ts';
import { postCases } from '../submissions/acts.ts';
import { sealedOnArrival } from '../submissions/arrival.ts';
import { openIntake } from '../submissions/intake.ts';
import { startSweeping } from '../submissions/jobs.ts';
import { submissionsRoutes } from '../submissions/routes.ts';
import { type Assets, freshAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import type { Main } from './letterbox.ts';
import { answers, listen, reachableRoleUrl, type Served, serveUntilStopped } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';

export type SlotParts = {
  readonly settings: Settings;
  readonly database: Database;
  readonly assets: Assets;
  readonly demonstration: boolean;
  readonly say: (line: string) => void;
};

/** Serves the public side; resolves once it listens. */
export async function startSlot({
  settings,
  database,
  assets,
  demonstration,
  say,
}: SlotParts): Promise<Served> {
  const app = await createSite({
    site: 'slot',
    assets,
    ready: () => answers(database, 'select from letterbox.published_forms() limit 1'),
    demonstration: () => demonstration,
    planted: plantedOn(database, 'slot'),
    diagnostics: say,
    trustProxy: settings.trustProxy,
  });
  const intake = openIntake((batch) => postCases(database, batch));
  await app.register(
    formsRoutes({
      publishedForm: (organisation, form) => publishedForm(database, organisation, form),
      listForms: () => publishedForms(database),
      ...sealedOnArrival({ database, intake }),
      sender: 'submissions/pages/sending.njk',
      contacts: { publicUrl: settings.publicUrl, contact: settings.securityContact },
    }),
  );
  await app.register(returnRoutes({ database }));
  await app.register(submissionsRoutes({ database, intake }));
  const address = await listen(app, settings, settings.publicPort, 'LETTERBOX_PUBLIC_PORT');
  const sweeping = startSweeping(database);
  return {
    address,
    close: async () => {
      await app.close();
      await sweeping.close();
    },
  };
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const database = openDatabase('slot', await reachableRoleUrl(settings, 'slot'), 8);
  const assets = await freshAssets();
  return serveUntilStopped(
    [database, await startSlot({ settings, database, assets, demonstration: false, say })],
    say,
  );
};
