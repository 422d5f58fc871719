/** `<letterbox-course>`: signs that one took the built-in course, with the answers that the page has checked. */
import { z } from 'zod';
import { carriedJson } from '../../web/browser/ask.ts';
import { signCourse } from '../standing-documents.ts';
import { COURSE, COURSE_VERSION, passes } from '../training.ts';
import { NotSigned, onPress, send, theSigner } from './signing.ts';

const carried = z.object({ answers: z.array(z.number()) });

class CourseElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { answers } = carried.parse(carriedJson(this));
      if (!passes(COURSE, COURSE_VERSION, answers))
        throw new NotSigned('Not all answers are right yet. Go back to the questions.');
      const { staff } = await theSigner();
      await send('/training/record', await signCourse(staff, answers, new Date()));
      return '/training';
    });
  }
}

customElements.define('letterbox-course', CourseElement);
