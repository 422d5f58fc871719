import { beforeEach, describe, expect, test } from 'vitest';
import { refuse } from '../web/refusal.ts';
import { journey } from './form.ts';
import { FULL, shipped, TODAY } from './shipped.testing.ts';
import { type FakeSite, fakeSite, fieldsFor, Visitor } from './visitor.testing.ts';

let site: FakeSite;
beforeEach(async () => {
  site = await fakeSite();
});
const visit = (form: string) => new Visitor(site, form).arrive();

describe.each(['review', 'victims'] as const)('without JavaScript, the form %s', (name) => {
  const form = shipped(name);

  test('goes from the first page to the end, and what was typed is what is sent', async () => {
    const visitor = await visit(name);
    const pages = await visitor.toCheck(form, FULL[name]);
    expect(pages).toEqual(journey(form, FULL[name], TODAY).pages.map((page) => page.id));
    expect(visitor.title).toMatch(/^Check your answers – /);
    await visitor.post({ step: 'continue' });
    expect(visitor.heading).toBe('Declaration');
    await visitor.post({ step: 'continue', agree: 'yes' });
    expect(visitor.heading).toBe('Sent');
    expect(site.sent).toHaveLength(1);
    expect(site.sent[0]).toMatchObject({ answers: FULL[name], equality: null, files: [], carry: 'case-1' });
    expect(site.sent[0]?.summary.title).toMatch(
      name === 'review' ? /^Ms Ana Silva$/ : /^No name given: My case/,
    );
  });

  test('each page has one heading, a title of the same words, and a way back', async () => {
    const visitor = await visit(name);
    expect(visitor.html).toMatch(/<a [^>]*class="govuk-back-link"/);
    do {
      expect(visitor.title.startsWith(visitor.heading)).toBe(true);
      expect(visitor.html.replaceAll(/<template[\s\S]*?<\/template>/g, '').match(/<h1/g)).toHaveLength(1);
      await visitor.answer(form, FULL[name]);
      expect(visitor.html).toMatch(/value="back" class="letterbox-link-button"/);
    } while (visitor.page !== 'check');
  });

  test('going back page by page finds every answer again', async () => {
    const visitor = await visit(name);
    const pages = await visitor.toCheck(form, FULL[name]);
    for (const page of pages.toReversed()) {
      await visitor.post({ ...fieldsFor(form, visitor.page, FULL[name]), step: 'back' });
      expect(visitor.page).toBe(page);
    }
    expect(JSON.parse(visitor.carried).answers).toEqual(FULL[name]);
  });

  test('every page can be posted empty without losing what came before', async () => {
    const visitor = await visit(name);
    for (const { id } of journey(form, FULL[name], TODAY).pages) {
      expect(visitor.page).toBe(id);
      const before = JSON.parse(visitor.carried).answers;
      await visitor.post({ step: 'continue' });
      expect([200, 422]).toContain(visitor.status);
      if (visitor.status === 422) {
        expect(visitor.title).toMatch(/^Error: /);
        expect(visitor.problems.length).toBeGreaterThan(0);
        for (const message of visitor.problems) expect(visitor.text.split(message).length).toBeGreaterThan(2);
        expect(JSON.parse(visitor.carried).answers).toEqual(before);
        await visitor.answer(form, FULL[name]);
      }
    }
    expect(visitor.page).toBe('check');
  });

  test('the declaration must be accepted', async () => {
    const visitor = await visit(name);
    await visitor.toCheck(form, FULL[name]);
    await (await visitor.post({ step: 'continue' })).post({ step: 'continue' });
    expect([visitor.status, visitor.title]).toEqual([422, expect.stringMatching(/^Error: Declaration/)]);
    expect(visitor.problems).toEqual(['Select that you agree with the declaration']);
    expect(site.sent).toEqual([]);
  });

  test('a page of the middle does not open the end', async () => {
    const visitor = await visit(name);
    await visitor.post({ page: 'declaration', agree: 'yes', step: 'continue' });
    expect(visitor.page).toBe(form.pages[0]?.id);
    expect(site.sent).toEqual([]);
  });
});

describe('the review without JavaScript', () => {
  const form = shipped('review');

  test('a wrong answer comes back as it was typed, with the message at its field', async () => {
    const visitor = await visit('review');
    while (visitor.page !== 'letter-date') await visitor.answer(form, FULL.review);
    await visitor.answer(form, { 'letter-date': { day: '31', month: '6', year: '2025' } });
    expect(visitor.problems).toEqual(['Date of the outcome letter must be a real date']);
    expect(visitor.html).toMatch(/href="#letter-date-day"/);
    expect(visitor.html).toMatch(/id="letter-date-day"[^>]*value="31"/);
    expect(visitor.html).toMatch(
      /govuk-input--error[^>]*id="letter-date-day"|id="letter-date-day"[^>]*error/,
    );
  });

  test('Change brings the old answer, goes straight back to the check, and by way of what it opens', async () => {
    const visitor = await visit('review');
    await visitor.toCheck(form, FULL.review);
    expect(visitor.text).toContain('Change police force');
    await visitor.post({ step: 'change-force' });
    expect(visitor.html).toMatch(/id="force"[^>]*value="Exampleshire Police"/);
    await visitor.post({ force: 'Otherton Police', step: 'continue' });
    expect([visitor.page, visitor.text]).toEqual(['check', expect.stringContaining('Otherton Police')]);
    await visitor.post({ step: 'change-acting' });
    await visitor.post({ acting: 'yes', step: 'continue' });
    expect(visitor.page).toBe('other-person');
    await visitor.answer(form, { 'other-name': { first: 'Bo', last: 'Silva' }, relation: 'Mother' });
    expect(visitor.page).toBe('authority');
    await visitor.post({ step: 'continue' });
    expect(visitor.page).toBe('check');
  });

  test('Back from a Change leads to the check', async () => {
    const visitor = await visit('review');
    await visitor.toCheck(form, FULL.review);
    await (await visitor.post({ step: 'change-force' })).post({ force: 'Otherton Police', step: 'back' });
    expect([visitor.page, visitor.text]).toEqual(['check', expect.stringContaining('Otherton Police')]);
  });

  test('who is told to go elsewhere can go back and nothing is sent', async () => {
    const visitor = await visit('review');
    await visitor.post({ 'dealt-with': 'no', step: 'continue' });
    expect(visitor.heading).toBe('The force has to finish first');
    expect(visitor.html).not.toContain('value="continue" class="govuk-button"');
    await visitor.post({ step: 'back' });
    expect(visitor.page).toBe('dealt-with');
    expect(visitor.html).toMatch(/value="no" checked/);
  });

  test('files are kept as they come, can be removed, and go with the rest', async () => {
    const visitor = await visit('review');
    while (visitor.page !== 'letter') await visitor.answer(form, FULL.review);
    expect(visitor.html).toContain('enctype="multipart/form-data"');
    const files = [new File(['one'], 'one.pdf'), new File(['second'], 'two.JPG')];
    await visitor.upload({ letter: files }, { step: 'upload' });
    expect([visitor.status, visitor.page]).toEqual([200, 'letter']);
    expect(visitor.text).toContain('Remove one.pdf');
    const [first] = JSON.parse(visitor.carried).answers.letter;
    await visitor.upload({ letter: [new File(['3'], 'three.pdf')] }, { remove: first.id, step: 'continue' });
    expect(visitor.page).toBe('complaint');
    await visitor.upload({ complaint: [new File([], '')] }, { step: 'continue' });
    expect(visitor.page).toBe('other-papers');
    await visitor.toCheck(form, FULL.review);
    expect(visitor.text).toContain('two.JPG three.pdf');
    await (await visitor.post({ step: 'continue' })).post({ agree: 'yes', step: 'continue' });
    expect(site.kept.map(({ name, bytes, carry }) => [name, bytes, carry])).toEqual([
      ['one.pdf', 3, 'case-1'],
      ['two.JPG', 6, 'case-1'],
      ['three.pdf', 1, 'case-1'],
    ]);
    expect(site.sent[0]?.files).toMatchObject([
      { question: 'letter', name: 'two.JPG', reference: 'kept-2' },
      { question: 'letter', name: 'three.pdf', reference: 'kept-3' },
    ]);
    expect(site.sent[0]?.carry).toBe('case-1');
  });

  test('files that are empty, of another kind or too large are named, and nothing else is lost', async () => {
    const visitor = await visit('review');
    while (visitor.page !== 'letter') await visitor.answer(form, FULL.review);
    const before = JSON.parse(visitor.carried).answers;
    await visitor.upload({ letter: [new File([], 'empty.pdf'), new File(['x'], 'virus.exe')] });
    expect([visitor.status, visitor.page]).toEqual([422, 'letter']);
    expect(visitor.problems).toEqual([
      '‘empty.pdf’ is empty',
      expect.stringMatching(/^‘virus.exe’ must be a PDF, /),
    ]);
    const large = new File([new Uint8Array(20 * 1024 * 1024 + 1)], 'large.pdf');
    await visitor.upload({ letter: [large, new File(['x'], 'good.pdf')] });
    expect([visitor.status, visitor.problems]).toEqual([413, ['‘large.pdf’ must be smaller than 20MB']]);
    expect(JSON.parse(visitor.carried).answers).toMatchObject({
      ...before,
      letter: [{ name: 'good.pdf', size: 1 }],
    });
    const largest = new File([new Uint8Array(20 * 1024 * 1024)], 'largest.pdf');
    expect((await visitor.upload({ letter: [largest] }, { step: 'upload' })).status).toBe(200);
  });

  test('more than ten files are not kept', async () => {
    const visitor = await visit('review');
    while (visitor.page !== 'letter') await visitor.answer(form, FULL.review);
    await visitor.upload({ letter: Array.from({ length: 12 }, (_, n) => new File(['x'], `${n}.pdf`)) });
    expect([visitor.status, visitor.page, site.kept.length]).toEqual([422, 'letter', 10]);
    expect(visitor.problems).toContain('You can add up to 10 files in total');
  });
});

describe('what goes wrong loses nothing that was typed', () => {
  const form = shipped('review');
  const reachWhy = async () => {
    const visitor = await visit('review');
    while (visitor.page !== 'why') await visitor.answer(form, FULL.review);
    return visitor;
  };

  test('an unknown form or organisation is 404', async () => {
    for (const url of ['/exampleshire/nothing', '/nowhere/review/fill', '/..%2f/review']) {
      const answer = await site.app.inject({ url, headers: { accept: 'text/html' } });
      expect([answer.statusCode, answer.body]).toEqual([
        404,
        expect.stringContaining('There is no such form'),
      ]);
    }
    const posted = await site.app.inject({ method: 'POST', url: '/exampleshire/nothing/fill', payload: '' });
    expect(posted.statusCode).toBe(404);
  });

  test('another version of the form is 409, with everything typed', async () => {
    const visitor = await reachWhy();
    const published = site.forms.get('review');
    if (!published) throw new Error('no form');
    site.forms.set('review', { ...published, definition: { ...published.definition, version: 2 } });
    await visitor.post({ why: 'The letter came late.', step: 'continue' });
    expect([visitor.status, visitor.page]).toEqual([409, 'why']);
    expect(visitor.html).toContain('The letter came late.</textarea>');
    expect(visitor.text).toContain('The questions of this form have changed');
    const { version, answers } = JSON.parse(visitor.carried);
    expect([version, answers.why, answers.email]).toEqual([2, 'The letter came late.', 'ana@example.com']);
    await visitor.post({ why: 'The letter came late.', step: 'continue' });
    expect([visitor.status, visitor.page]).toEqual([200, 'put-right']);
  });

  test('what was carried and cannot be read is 400, with the page as it was typed', async () => {
    const visitor = await reachWhy();
    for (const carried of ['', '{', '{"version":1}', 'null', '[]']) {
      await visitor.post({ page: 'why', carried, why: 'The letter came late.', step: 'continue' });
      expect([visitor.status, visitor.page]).toEqual([400, 'why']);
      expect(visitor.html).toContain('The letter came late.</textarea>');
    }
  });

  test('what no page of ours sends is 400', async () => {
    const visitor = await visit('review');
    expect((await visitor.post({ page: 'nowhere' })).status).toBe(400);
    const posts = [
      { headers: { 'content-type': 'application/json' }, payload: '[1]' },
      { headers: { 'content-type': 'multipart/form-data; boundary=x' }, payload: 'x' },
      { headers: { 'content-type': 'multipart/form-data' }, payload: 'x' },
    ];
    for (const { headers, payload } of posts) {
      const url = '/exampleshire/review/fill';
      const answer = await site.app.inject({ method: 'POST', url, headers, payload });
      expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining('We could not read')]);
    }
  });

  test('a text far too long comes back whole, and one beyond any page is 413', async () => {
    const visitor = await reachWhy();
    const long = 'é'.repeat(300_000);
    await visitor.post({ why: long, step: 'continue' });
    expect([visitor.status, visitor.problems]).toEqual([
      422,
      ['Why you are unhappy must be 8,700 characters or less'],
    ]);
    expect(visitor.html).toContain(`${long}</textarea>`);
    await visitor.post({ why: 'x'.repeat(4_000_000), step: 'continue' });
    expect([visitor.status, visitor.text]).toEqual([
      413,
      expect.stringContaining('what you typed is still there'),
    ]);
  });

  test('when sending is refused, everything is kept and the same case is sent again', async () => {
    const visitor = await visit('review');
    await visitor.toCheck(form, FULL.review);
    await visitor.post({ step: 'continue' });
    site.refuseSending = refuse('busy', 'busy', 'Please wait a moment and send again.');
    await visitor.post({ agree: 'yes', step: 'continue' });
    expect([visitor.status, visitor.heading]).toEqual([503, 'Declaration']);
    expect(visitor.text).toContain('Please wait a moment and send again.');
    site.refuseSending = null;
    await visitor.post({ agree: 'yes', step: 'continue' });
    expect(site.sent[0]).toMatchObject({ carry: 'case-1', answers: FULL.review });
    await visitor.arrive();
  });

  test('what was typed is text in every page, never markup', async () => {
    const visitor = await visit('review');
    const evil = `"><script>alert(1)</script>' </textarea>&amp;`;
    await visitor.toCheck(form, { ...FULL.review, force: evil, why: evil });
    expect(visitor.page).toBe('check');
    expect(visitor.html).not.toContain('<script>alert');
    expect(visitor.text).toContain('alert(1)');
    expect(JSON.parse(visitor.carried).answers.why).toBe(evil);
  });
});

describe('the pages around', () => {
  test('the list and the start page say what the form is for, and lead into it', async () => {
    const list = await site.app.inject('/');
    expect(list.body).toContain('href="/exampleshire/review"');
    const start = await site.app.inject('/exampleshire/victims');
    expect(start.body).toContain('href="/exampleshire/victims/fill"');
    expect(start.body).toContain('Exit this page');
  });

  test('the first page brings every other page and the definition, and no answer of anybody', async () => {
    const page = await site.app.inject('/exampleshire/review/fill');
    for (const { id } of shipped('review').pages) expect(page.body).toContain(`data-page="${id}"`);
    const json =
      /<script type="application\/json" data-published>([\s\S]*?)<\/script>/.exec(page.body)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(site.forms.get('review'))));
  });

  test('only the form for people who may be watched has Exit this page, and on every page', async () => {
    const visitor = await visit('victims');
    do {
      expect(visitor.html).toContain('govuk-js-exit-this-page-button');
      await visitor.answer(shipped('victims'), FULL.victims);
    } while (visitor.page !== 'check');
    expect(visitor.html).toContain('govuk-js-exit-this-page-button');
    expect((await visit('review')).html).not.toContain('govuk-js-exit-this-page-button');
  });
});
