import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import pg from 'pg';
import { test } from 'vitest';
import { adminUrlIn } from '../bench/site.ts';
import { deploy, openBrowser, signIn } from './deployment.ts';
test('shots', async () => {
  const it = await deploy([]);
  const browser = await openBrowser();
  const client = new pg.Client({ connectionString: adminUrlIn(it.data) });
  await client.connect();
  try {
    const carys = await signIn(browser, it.deskUrl, 'Carys Bevan');
    await carys.goto(`${it.deskUrl}/forms/review/cases`);
    await carys.waitForTimeout(3000);
    const rows = (await client.query("select id from letterbox.cases where form = 'review' order by id desc limit 4")).rows;
    for (const { id } of rows) { await carys.goto(`${it.deskUrl}/cases/${id}`); await carys.waitForTimeout(800); }
    const page = await signIn(browser, it.deskUrl, 'Amara Okafor');
    await page.goto(`${it.deskUrl}/forms/review/access`);
    await page.screenshot({ path: '/tmp/acc/access.png', fullPage: true });
    const then = new Date().toISOString();
    await page.click('tr:has-text("Carys Bevan") >> text=End');
    await page.fill('#reason', 'The project is over');
    await page.click('text=End access now');
    await page.waitForTimeout(4000);
    await page.setViewportSize({ width: 794, height: 1123 });
    await page.goto(`${it.deskUrl}/access/history?at=${then}`);
    await page.waitForTimeout(2500);
    await page.emulateMedia({ media: 'print' });
    await page.screenshot({ path: '/tmp/acc/print.png', fullPage: true });
    await page.emulateMedia({ media: 'screen' });
    const csv = await page.evaluate(async (q) => (await fetch('/access/history.csv' + q)).text(), `?at=${then}`);
    console.log(csv);
    await page.waitForTimeout(1500);
    await page.goto(`${it.deskUrl}/register`);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: '/tmp/acc/register.png', clip: { x: 0, y: 0, width: 794, height: 1100 } });
    const [log] = await Promise.all([page.waitForEvent('download'), page.click('text=Download the register')]);
    copyFileSync(await log.path(), '/tmp/acc/register.tar');
    for (const args of [['verify'], ['access', '--at', then], ['access', '--at', then, '--csv'], ['access', '--case', rows[0].id]])
      console.log(args.join(' '), '\n', execFileSync(process.execPath, ['src/cli/letterbox.ts', args[0] ?? '', '/tmp/acc/register.tar', ...args.slice(1)], { encoding: 'utf8' }));
  } finally {
    await client.end();
    await browser.close();
    await it.close();
  }
}, 300_000);
