/** `<letterbox-recovery-begin>`: names one person, some forms and a reason; a manager signs, and everybody is told. */
import { newId } from '../../sealing/place.ts';
import { ask } from '../../web/browser/ask.ts';
import { signRecovery } from '../recovery-documents.ts';
import { provenInForce } from '../verify.ts';
import { NotVerified, verified } from './proven.ts';
import { type FieldProblem, Mistyped, onPressed } from './recovery-fields.ts';

class BeginElement extends HTMLElement {
  connectedCallback(): void {
    onPressed(this, async () => {
      const { person, forms, reason } = this.chosen();
      const { staff, directory, proven } = await verified();
      const now = new Date();
      const name = directory.people.get(person)?.name ?? 'this person';
      const missing = forms.find(
        (form) =>
          !provenInForce(proven, now.toISOString()).some(
            (line) => line.person === person && line.form === form && line.case === null,
          ),
      );
      if (missing)
        throw new Mistyped([
          {
            field: 'forms',
            message: `${name} has no access to “${missing}” yet. Two managers give it first`,
          },
        ]);
      const id = newId();
      const about = { kind: 'recovery', id, person, forms, reason } as const;
      const answer = await ask('/recovery/begin', await signRecovery(staff, about, now));
      if (!answer.ok) throw new NotVerified(answer.message);
      location.assign(`/recovery/${id}`);
    });
  }

  private chosen() {
    const checked = (name: string) =>
      [...this.querySelectorAll<HTMLInputElement>(`[name=${name}]:checked`)].map(({ value }) => value);
    const [person = ''] = checked('person');
    const forms = checked('forms').sort();
    const reason = this.querySelector('textarea')?.value.trim().slice(0, 500) ?? '';
    const problems: FieldProblem[] = [];
    if (person === '') problems.push({ field: 'person', message: 'Choose who is to get the keys' });
    if (forms.length === 0) problems.push({ field: 'forms', message: 'Choose the forms' });
    if (reason === '') problems.push({ field: 'reason', message: 'Enter why the keys have to be recovered' });
    if (problems.length > 0) throw new Mistyped(problems);
    return { person, forms, reason };
  }
}

customElements.define('letterbox-recovery-begin', BeginElement);
