/** Lists of people from elsewhere: what cannot be sent is named, nobody is told twice, nobody is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../sealing/encoding.ts';
import { type ContactList, readContactList } from './contact-list.ts';
import { listOf } from './list.ts';

const read = (text: string | Uint8Array): ContactList => {
  const list = readContactList(typeof text === 'string' ? bytesOf(text) : text);
  if ('problem' in list) throw new Error(list.problem);
  return list;
};
const problemIn = (text: string | Uint8Array): string => {
  const list = readContactList(typeof text === 'string' ? bytesOf(text) : text);
  return 'problem' in list ? list.problem : 'none';
};
const addressees = (text: string | Uint8Array) => listOf(read(text).people, 'ab'.repeat(32)).addressees;
const why = (line: string) =>
  read(`name,email,phone,reference,address line 1,town,postcode\n${line}`)
    .left.map((each) => each.why)
    .join();

describe('a list from a spreadsheet', () => {
  test('is read whatever its separator, its encoding and the order of its columns', () => {
    const plain = 'Name,Email\r\nZoë Café,zoe@people.example\r\n';
    const wide = new Uint8Array([
      0xff,
      0xfe,
      ...new Uint8Array(Uint16Array.from(plain, (sign) => sign.charCodeAt(0)).buffer),
    ]);
    const windows = Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
    for (const text of [
      plain,
      `\ufeff${plain}`,
      plain.replaceAll(',', ';'),
      plain.replaceAll(',', '\t'),
      wide,
      windows,
    ])
      expect(addressees(text)).toEqual([
        {
          name: 'Zoë Café',
          references: [],
          received: '',
          told: '',
          channel: 'email',
          to: 'zoe@people.example',
        },
      ]);
    expect(
      addressees(
        'Our reference;Surname;First name;Address line 1;Town;Post code\nA1;Example;Ana;1 Long Street;Exampleton;EX1 2MP\n',
      ),
    ).toMatchObject([
      {
        name: 'Ana Example',
        references: ['A1'],
        channel: 'letter',
        to: 'Ana Example\n1 Long Street\nExampleton\nEX1 2MP',
      },
    ]);
    expect(
      addressees('name,address,phone\nAna,"1 Long Street, Exampleton\nEX1 2MP",\nBo,,07700 900123\n'),
    ).toMatchObject([
      { channel: 'letter', to: 'Ana\n1 Long Street\nExampleton\nEX1 2MP' },
      { channel: 'hand', to: '07700 900123' },
    ]);
  });

  test.each([
    ['Ana,ana@people,,,,,', '“ana@people” is no e-mail address.'],
    ['Ana,"ana@people.example, bo@people.example",,,,,', 'is no e-mail address.'],
    [',ana@people.example,,,,,', 'It has no name.'],
    ['123,ana@people.example,,,,,', 'no letter'],
    ['ana@people.example,Ana,,,,,', 'something slipped'],
    [`${'Ana '.repeat(50)},ana@people.example,,,,,`, 'Its name has 199 characters'],
    ['"=HYPERLINK(""http://evil.example"")",ana@people.example,,,,,', 'as a formula does'],
    ['+cmd|calc,ana@people.example,,,,,', 'as a formula does'],
    ['Ana,ana@people.example,=1+1,,,,', 'as a formula does'],
    ['Ana,ana@people.example,,@SUM(1),,,', 'as a formula does'],
    ['Ana\u202egnp.exe,ana@people.example,,,,,', 'turn the text around'],
    ['Ana\u200b,ana@people.example,,,,,', 'cannot be seen'],
    ['Ana \ufffd,ana@people.example,,,,,', 'damaged'],
    ['Ana,ana@people.example,,', 'It has 4 cells and the first line has 7: something slipped.'],
    ['Ana,ana@people.example,,,,,,,', 'something slipped'],
    ['Ana,,,,1 Long Street,,', 'a single line'],
    [`Ana,,,,${'1 Long Street '.repeat(6)},Exampleton,EX1 2MP`, 'does not fit the window'],
  ])('names what it does not send: %s', (line, says) => {
    expect(why(line)).toContain(says);
    expect(read(`name,email,phone,reference,address line 1,town,postcode\n${line}`).people).toEqual([]);
  });

  test.each([
    ['שלום כהן,shalom@people.example'],
    ['محمد عبد الله,m@people.example'],
    ["Siobhán O'Neill-Okafor,s@people.example"],
    ['王小明,w@people.example'],
    [`${'A'.repeat(120)},a@people.example`],
    ['-,a@people.example'.replace('-', 'Q')],
  ])('sends to whoever is called so: %s', (line) => {
    expect(read(`name,email\n${line}`)).toMatchObject({ left: [], people: [{ channel: 'email' }] });
  });

  test('tells whoever is in it twice once, with all references, and says which lines; two of one name are two', () => {
    const text =
      'name,email,reference\nAna Example,ana@people.example,A1\nBo Example,ana@people.example,B1\nana  EXAMPLE,ANA@people.example,A2\nAna Example,other@people.example,A3\n';
    expect(addressees(text)).toMatchObject([
      { name: 'ana  EXAMPLE', references: ['A1', 'A2'] },
      { name: 'Bo Example', references: ['B1'] },
      { name: 'Ana Example', references: ['A3'] },
    ]);
    expect(read(text).left).toEqual([
      { line: 4, who: 'ana  EXAMPLE', why: 'The same person as line 2: told once, with all references.' },
    ]);
  });

  test.each([
    ['', 'has to name the columns'],
    ['Ana,ana@people.example\nBo,bo@people.example', 'It names: Ana, ana@people.example'],
    ['name,colour\nAna,red', 'has to name the columns'],
    ['name,email\n\n\n', 'nobody in this file'],
  ])('that is none says what it would have to be: %s', (text, says) => {
    expect(problemIn(text)).toContain(says);
  });

  test('that is a workbook, a picture or too large is no text', () => {
    expect(problemIn(new Uint8Array([0x50, 0x4b, 3, 4, 20, 0, 6, 0]))).toContain('Save the list as CSV');
    expect(problemIn(new Uint8Array(20 * 1024 * 1024 + 1))).toContain('larger than 20 MB');
  });

  test('of anything at all: each line with something in it is somebody’s, or is named with a reason, and none twice', () => {
    const cell = fc.oneof(
      fc.constantFrom(
        'Ana Example',
        'Bo',
        'ana@people.example',
        'bo@people.example',
        '',
        '=1+1',
        'שלום',
        '1 Long Street, Exampleton, EX1 2MP',
        '07700 900123',
        '\u202e',
      ),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    );
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 }),
        (lines) => {
          const text = [
            'name,email,address,phone',
            ...lines.map((cells) => cells.map(quoted).join(',')),
          ].join('\n');
          const full = lines.flatMap((cells, n) => (cells.some((each) => each.trim() !== '') ? [n + 2] : []));
          const result = readContactList(bytesOf(text));
          if ('problem' in result) return full.length === 0 || text.includes('\0');
          const sent = result.people.flatMap(({ mentions: [first] }) =>
            first ? [Number(first.case.slice(5))] : [],
          );
          const seen = [...sent, ...result.left.map(({ line }) => line)].toSorted(
            (one, other) => one - other,
          );
          expect(seen).toEqual(full);
          return result.left.every(({ why: reason }) => reason !== '');
        },
      ),
      { numRuns: 500 },
    );
  });
});
