/** `npm run build`: makes the browser's files. `npm start` and `npm test` do it by themselves. */
import { buildAssets } from '../web/building.ts';

await buildAssets();
