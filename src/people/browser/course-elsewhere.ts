/** `<letterbox-course-elsewhere>`: a manager signs that somebody took a course that was held elsewhere. */
import { z } from 'zod';
import { carriedJson } from '../../web/browser/ask.ts';
import { dayOf, isElsewhereDay } from '../day.ts';
import { signCourseElsewhere } from '../standing-documents.ts';
import { NotSigned, onPress, send, theSigner, typed } from './signing.ts';

const carried = z.object({ person: z.string() });
const ASK_DAY = 'Enter until when it counts, such as 27 3 2028. Nothing was changed yet.';

class CourseElsewhereElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { person } = carried.parse(carriedJson(this));
      const course = typed(this, 'course', 'Enter the name of the course. Nothing was changed yet.');
      const until = this.until();
      const { staff } = await theSigner();
      const signed = await signCourseElsewhere(staff, person, course.slice(0, 100), until, new Date());
      await send(`/people/${person}/training`, signed);
      return '/people';
    });
  }

  /** The end of the day that was typed, as an instant. */
  private until(): string {
    const part = (name: string) => typed(this, `until-${name}`, ASK_DAY);
    const day = dayOf(part('day'), part('month'), part('year'));
    if (day === null) throw new NotSigned(ASK_DAY);
    if (!isElsewhereDay(day, new Date()))
      throw new NotSigned('The day must lie in the future, and within three years. Nothing was changed yet.');
    return `${day}T23:59:59.000Z`;
  }
}

customElements.define('letterbox-course-elsewhere', CourseElsewhereElement);
