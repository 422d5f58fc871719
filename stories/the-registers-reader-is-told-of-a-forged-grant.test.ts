/** A grant written into the database opens nothing, and whoever reads the register is told what was released by it. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminUrlIn } from '../bench/site.ts';
import { main as verify } from '../src/cli/verify.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';

let letterbox: Deployment;
let browser: Browser;

beforeAll(async () => {
  [letterbox, browser] = [await deploy(), await openBrowser()];
}, 120_000);
afterAll(async () => {
  await browser.close();
  await letterbox.close();
});

async function administer(
  sql: string,
  parameters: readonly string[] = [],
): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: adminUrlIn(letterbox.data) });
  await client.connect();
  try {
    return (await client.query(sql, [...parameters])).rows;
  } finally {
    await client.end();
  }
}

/** A row that lets Dev read everything of the review form, as only the owner of the database can write it. */
async function forgeGrant(): Promise<void> {
  const id = randomUUID();
  await administer(
    `with one as (select g.* from letterbox.grants g where g.form = 'review' limit 1), proposed as (
       insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
       select organisation, $1, sha256('nobody signed this'), proposer, now(), until, now() from one returning id)
     insert into letterbox.grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by, purpose,
       document, proposer, approver, approval, approved_at)
     select o.organisation, $1, proposed.id, p.id, 'review', 1, now(), o.until, o.until, o.purpose, sha256('nobody signed this'),
       o.proposer, o.approver, '', now()
     from one o, proposed, letterbox.person p where p.organisation = o.organisation and p.name = 'Dev Malhotra'`,
    [id],
  );
}

/** Asks for the first case of the review form, as somebody's browser does. */
async function askForACase(page: Page): Promise<number> {
  const [found] = await administer(
    "select id from letterbox.cases where form = 'review' order by id limit 1",
  );
  return page.evaluate(
    async (id) =>
      (
        await fetch(`/cases/${id}/release`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
    found?.id ?? '',
  );
}

/** The register's page once its newest entries are signed and this browser has judged them. */
async function registerPage(page: Page, last: string): Promise<void> {
  await expect
    .poll(
      async () => {
        await page.goto(`${letterbox.deskUrl}/register`);
        return page.textContent('letterbox-releases tbody');
      },
      { timeout: 20_000, interval: 500 },
    )
    .toContain(last);
  await page.waitForFunction(
    () => document.querySelector('letterbox-releases [data-status]')?.textContent !== '',
  );
}

test('a case released by a forged grant is marked in the register, in the statement and by letterbox verify', async () => {
  const carys = await signIn(browser, letterbox.deskUrl, 'Carys Bevan');
  expect(await askForACase(carys)).toBe(200);
  const amara = await signIn(browser, letterbox.deskUrl, 'Amara Okafor');
  await registerPage(amara, 'Carys Bevan was given a case of review');
  // Negative control: what two people allowed is not marked.
  expect(await amara.locator('.letterbox-unproven').count()).toBe(0);
  expect(await amara.textContent('letterbox-releases [data-status]')).toContain('has checked');

  const dev = await signIn(browser, letterbox.deskUrl, 'Dev Malhotra');
  expect(await askForACase(dev)).toBe(404);
  await forgeGrant();
  expect(await askForACase(dev)).toBe(200);

  await registerPage(amara, 'Dev Malhotra was given a case of review');
  await amara.waitForSelector('.letterbox-unproven');
  const marked = await amara.locator('tr.letterbox-unproven').allTextContents();
  expect(marked).toHaveLength(1);
  expect(marked[0]).toMatch(/Dev Malhotra was given a case of review.*Not allowed by two signatures/s);
  await expectAccessible(amara);

  await amara.goto(`${letterbox.deskUrl}/access/history`);
  await amara.waitForSelector('tr.letterbox-unproven:has-text("Dev Malhotra")');
  expect(await amara.textContent('letterbox-history [data-status]')).toContain(
    '1 of these were NOT signed by two people',
  );
  await expectAccessible(amara);
  expect(await pagesPrinted(amara)).toBe(1);

  await amara.goto(`${letterbox.deskUrl}/register`);
  const [log] = await Promise.all([
    amara.waitForEvent('download'),
    amara.click('text=Download the register'),
  ]);
  const said: string[] = [];
  expect(await verify([await log.path()], (line) => said.push(line))).toBe(1);
  expect(said.filter((line) => line.startsWith('NOT ALLOWED BY TWO SIGNATURES: entry '))).toHaveLength(1);
}, 120_000);

/** How many sheets of A4 the page fills. */
async function pagesPrinted(page: Page): Promise<number> {
  const printed = await page.pdf({ format: 'A4' });
  return [...printed.toString('latin1').matchAll(/\/Type\s*\/Page\b/g)].length;
}
