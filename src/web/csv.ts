/** Files for spreadsheets: RFC 4180, and nothing in them is taken for a formula. */

/** Lines of cells as one text; lines end as the RFC has it. */
export const csv = (lines: readonly (readonly string[])[]): string =>
  lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');

/** One cell. Spreadsheets take what begins with `=`, `+`, `-`, `@` or a control sign for a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
