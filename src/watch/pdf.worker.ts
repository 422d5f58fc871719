/** The text of one PDF, in a thread of its own: whoever wrote it may mean ill, and the thread is ended when it takes too long. */
import { parentPort, workerData } from 'node:worker_threads';
import { extractText, getDocumentProxy } from 'unpdf';

const document = await getDocumentProxy(new Uint8Array(workerData), { disableFontFace: true });
const { text } = await extractText(document, { mergePages: true });
parentPort?.postMessage(text);
