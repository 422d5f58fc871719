/** The embedded server, kept running: started again on the same port whenever somebody else ends it. */
import { setTimeout as wait } from 'node:timers/promises';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';

export type Supervised = {
  adminUrl(database: string): string;
  /** Resolves when the server is stopped for good. */
  stop(): Promise<void>;
};

/** Starts the server and keeps it running until `stop`. `say` is told when it ends and when it is back. */
export async function superviseEmbedded(
  folder: string,
  password: string,
  say: (line: string) => void,
): Promise<Supervised> {
  let server = await startEmbedded(folder, password);
  let stopping = false;
  const isStopping = () => stopping;
  const again = async (): Promise<EmbeddedServer | null> => {
    for (let told = ''; !isStopping(); await wait(1000)) {
      try {
        return await startEmbedded(folder, password, {}, server.port);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (why !== told) say(`${why} Trying again until it starts.`);
        told = why;
      }
    }
    return null;
  };
  const watching = (async () => {
    for (;;) {
      await server.ended;
      if (isStopping()) return;
      say('PostgreSQL ended although nobody stopped Letterbox. Starting it again …');
      const next = await again();
      if (!next) return;
      server = next;
      // Somebody asked to stop while it was starting, and had the old one to stop only.
      if (isStopping()) await server.stop();
      else say('PostgreSQL is back.');
    }
  })();
  return {
    adminUrl: (database) => server.adminUrl(database),
    stop: async () => {
      stopping = true;
      await server.stop();
      await watching;
    },
  };
}
