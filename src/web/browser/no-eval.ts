/** Imported first: our policy lets no text become script, so Zod must not try to compile its shapes. */
import { config } from 'zod';

config({ jitless: true });
