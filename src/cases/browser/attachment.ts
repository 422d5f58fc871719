/** One attachment of an open case: fetched and opened as a stream, offered as a download, never shown inline. */
import type { Identity } from '../../sealing/keys.ts';
import { openStream } from '../../sealing/open.ts';
import { objectId } from '../../sealing/place.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { type CaseAddress, submissionPlace } from '../../sealing/submission.ts';
import { make } from '../../web/browser/ask.ts';

export type SealedFile = { readonly id: string; readonly size: number; readonly name: string };

export function attachmentRow(of: CaseAddress, file: SealedFile, caseIdentity: Identity): HTMLElement {
  const button = make('button', { type: 'button', class: 'letterbox-link-button' }, `Open ${file.name}`);
  const status = make('span', { role: 'status' });
  const row = make('li', {}, button, ` (${sizeText(file.size)}) `, status);
  button.addEventListener('click', async () => {
    button.disabled = true;
    const progress = make('progress', { max: String(file.size), 'aria-label': `Opening ${file.name}` });
    status.replaceChildren(progress);
    try {
      const blob = await fetchAndOpen(of, file, caseIdentity, (done) => {
        progress.value = done;
      });
      const link = make(
        'a',
        { class: 'govuk-link', href: URL.createObjectURL(blob), download: file.name },
        `Save ${file.name}`,
      );
      status.replaceChildren(link);
      button.hidden = true;
    } catch (error) {
      button.disabled = false;
      status.textContent =
        error instanceof SealingError
          ? error.message
          : 'It could not be fetched. Your access may have ended; reload the page and try again.';
    }
  });
  return row;
}

async function fetchAndOpen(
  of: CaseAddress,
  file: SealedFile,
  caseIdentity: Identity,
  onProgress: (bytes: number) => void,
): Promise<Blob> {
  const response = await fetch(`/cases/${of.case}/attachments/${file.id}`);
  if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
  let done = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        done += chunk.length;
        onProgress(done);
        controller.enqueue(chunk);
      },
    }),
  );
  const { content } = await openStream(
    caseIdentity,
    counted,
    submissionPlace(of, 'attachment', objectId(file.id)),
  );
  const blob = await new Response(content).blob();
  // An opaque type: whatever the submitter called it, this browser saves it and runs nothing.
  return new Blob([blob], { type: 'application/octet-stream' });
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
