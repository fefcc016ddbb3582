// Opens reports in a browser, as a person does: node --test .ci/report.mjs
//
// PLAYWRIGHT is the folder with playwright-core, PAGES the folder with the pages month.html, large.html, hostile.html
// and sandbox.html; SCREENSHOTS, if set, gets pictures to look at. A page may log no error and ask for nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const { PLAYWRIGHT, PAGES, SCREENSHOTS, CHROMIUM = '/usr/bin/chromium' } = process.env;
const { chromium } = createRequire(resolve(PLAYWRIGHT) + '/')('playwright-core');
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let browser;
before(async () => { browser = await chromium.launch({ executablePath: CHROMIUM, args: quiet }); });
after(() => browser.close());

/** opened runs a test on a page, and fails it for an error in the console, a dialog or a request. */
async function opened(name, body, viewport = { width: 1440, height: 900 }) {
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(20_000);
  const wrong = [];
  const url = pathToFileURL(resolve(PAGES, name + '.html')).href;
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) wrong.push(message.text()); });
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('dialog', (dialog) => { wrong.push('dialog: ' + dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url() !== url) wrong.push('request: ' + request.url()); });
  await page.addInitScript(() => { Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { globalThis.clipped = text; } } }); });
  try {
    await page.goto(url);
    await page.waitForSelector('#sign');
    await body(page);
    assert.deepEqual(wrong, []);
  } finally {
    await page.close();
  }
}

const picture = (page, name, options) => SCREENSHOTS && page.screenshot({ path: resolve(SCREENSHOTS, name + '.png'), ...options });
const texts = (page, selector) => page.locator(selector).allInnerTexts();
const rowCount = (page, id) => page.locator(`#${id} tbody tr`).count();

/** fen reads an amount as the page writes it. */
function fen(text) {
  assert.match(text.trim(), /^[+-]?[\d,]+\.\d\d$/);
  return BigInt(text.replace(/[^\d-]/g, ''));
}

/** column returns the texts of a table's column, by the number of its cell. */
const column = (page, id, i) => texts(page, `#${id} tbody tr > :nth-child(${i})`);

for (const name of ['sandbox', 'month']) {
  test(`${name}: what the page states adds up`, () => opened(name, async (page) => {
    const bridge = (await texts(page, '#bridge tr:not(.check) td.fen')).map(fen);
    assert.equal(bridge.slice(0, -1).reduce((a, b) => a + b), bridge.at(-1));
    assert.equal(fen(await page.innerText('#bridge tr.check td.fen')), 0n);
    assert.equal(fen(await page.innerText('[data-figure=billed] .yuan')), bridge[0]);
    assert.equal(fen(await page.innerText('[data-figure=settled] .yuan')), bridge.at(-1));
    const [forward, refund, other, net] = (await texts(page, '#bills td.fen')).map(fen);
    assert.equal(forward + refund + other, net);
    assert.equal(forward, bridge[0]);
    await page.click('#waterfall summary');
    let sum = 0n;
    for (const row of await page.locator('#waterfall tbody tr').all()) {
      const step = fen(await row.locator('.fen').first().innerText());
      if (await row.evaluate((r) => r.className) === 'sum') assert.equal(step, sum);
      else sum += step;
    }
  }));
}

test('sandbox: accounts, days and orders add up to the bridge', () => opened('sandbox', async (page) => {
  const [forward, settled] = [fen(await page.innerText('[data-figure=billed] .yuan')), fen(await page.innerText('[data-figure=settled] .yuan'))];
  for (const id of ['account-table', 'day-table', 'unit-table']) {
    const sums = (await texts(page, `#${id} tfoot td.fen`)).map(fen);
    assert.equal(sums[0], forward);
    assert.ok(sums.includes(settled), `${id} has no ${settled}: ${sums}`);
  }
  const [byGroup, offset, byOrder] = (await texts(page, '#age-bridge td.fen')).map(fen);
  assert.equal(byGroup + offset, byOrder);
  assert.equal(fen(await page.locator('#ages .data tbody tr.sum td:last-child .fen').innerText()), byOrder);
  await page.click('.footing summary');
  const rows = (await texts(page, '.footing tbody td.fen')).map(fen);
  const [billed, paid] = [rows.filter((_, i) => i % 2 === 0), rows.filter((_, i) => i % 2 === 1)];
  assert.equal(billed.slice(0, -1).reduce((a, b) => a + b), billed.at(-1));
  assert.equal(paid.slice(0, -1).reduce((a, b) => a + b), paid.at(-1));
}));

test('sandbox: what people have settled is apart from what is open', () => opened('sandbox', async (page) => {
  assert.equal(await rowCount(page, 'resolved-table'), 1);
  const [order] = await column(page, 'resolved-table', 1);
  assert.match(await page.innerText('#resolved-table tbody'), /李会计/);
  assert.match(await page.innerText('#todo .about'), /另有 1 单/);
  await page.fill('#order-table input[type=search]', order.split('\n')[0]);
  assert.match(await page.innerText('#order-table tbody'), /没有符合条件的行/);
  await page.locator('#resolved-table button.open').first().click();
  assert.match(await page.innerText('dialog[open]'), /已处理（李会计，.*）：平台已补/);
  await page.keyboard.press('Escape');
  assert.match(await page.innerText('#restatements'), /1 天已结账/);
}));

test('sandbox: what is matched in doubt is a part of what is matched', () => opened('sandbox', async (page) => {
  const [matched, certain, doubtful] = [...(await page.innerText('#doubts .about')).matchAll(/([\d,]+\.\d\d) 元/g)].map(([, text]) => fen(text));
  assert.equal(certain + doubtful, matched);
  assert.equal(fen(await page.innerText('[data-figure=matchedGroups] .yuan')), matched);
  assert.equal((await texts(page, '#doubt-table tfoot td.fen')).map(fen)[0], doubtful);
}));

test('sandbox: every section has a number', () => opened('sandbox', async (page) => {
  for (const number of await texts(page, 'main h2 .no')) assert.match(number, /^[一二三四五六七八九十]+、/);
}));

test('sandbox: refunds after settlement add up, by order and by store', () => opened('sandbox', async (page) => {
  const [, sum] = (await page.innerText('#refunds .about')).match(/共 (-?[\d,]+\.\d\d) 元/);
  for (const id of ['refund-table', 'refund-store-table']) assert.equal(await page.locator(`#${id} tfoot td.fen`).first().innerText(), sum);
  await page.locator('#refund-table button.open').first().click();
  assert.ok(await page.locator('dialog[open] .record').count() > 0);
}));

test('accounts that are called the same are told apart by the ends of their ids', () => opened('sandbox', async (page) => {
  const ends = await page.evaluate(() => [idEnd('71001', ['72002']), idEnd('7420294319719986270', ['7419537261319986270']), idEnd('1001', ['21001'])]);
  assert.deepEqual(ends, ['1001', '719986270', '1001']);
}));

test('sandbox: the SQL of an order runs in DuckDB and finds its records', () => opened('sandbox', async (page) => {
  await page.locator('#order-table button.open').first().click();
  const statements = (await page.innerText('#order-sql')).split(';').map((s) => s.trim()).filter(Boolean);
  const cards = await page.locator('.order .record').count();
  const found = statements.map((sql) => JSON.parse(execFileSync('duckdb', ['-json', '-c', `SELECT count(*) AS n FROM (${sql})`], { cwd: PAGES }))[0].n);
  assert.ok(found[0] > 0);
  assert.equal(found.slice(1).reduce((a, b) => a + b), cards);
}));

test('filters and search', () => opened('month', async (page) => {
  const status = () => page.innerText('#order-table .range');
  await page.selectOption('#order-table [data-filter=verdict]', 'pending');
  assert.match(await status(), /筛选自 4,000 条/);
  const verdicts = new Set((await column(page, 'order-table', 3)).map((text) => text.split('\n')[0]));
  assert.equal(verdicts.size, 1);
  await page.selectOption('#order-table [data-filter=verdict]', '');
  const order = await page.locator('#order-table button.open').nth(3).innerText();
  await page.fill('#order-table input[type=search]', order);
  assert.equal(await rowCount(page, 'order-table'), 1);
  await page.fill('#order-table input[type=search]', 'no such order');
  assert.match(await page.innerText('#order-table tbody'), /没有符合条件的行/);
  await page.selectOption('#unit-table [data-filter=state]', 'failed');
  assert.ok(!(await page.innerText('#unit-table tbody')).includes('完整'));
}));

test('sorting, by mouse and keys', () => opened('month', async (page) => {
  const header = page.locator('#order-table th', { hasText: '应分' });
  await header.locator('button').click();
  assert.equal(await header.getAttribute('aria-sort'), 'descending');
  const sums = (await column(page, 'order-table', 4)).map(fen);
  assert.deepEqual(sums, [...sums].sort((a, b) => (a < b ? 1 : -1)));
  await header.locator('button').press('Enter');
  assert.equal(await header.getAttribute('aria-sort'), 'ascending');
  const smallest = (await column(page, 'order-table', 4)).map(fen);
  assert.ok(smallest[0] < sums[0]);
  assert.equal(await page.locator('#order-table th[aria-sort]').count(), 1);
}));

test('pages of rows', () => opened('month', async (page) => {
  assert.equal(await rowCount(page, 'order-table'), 20);
  const [first] = await column(page, 'order-table', 1);
  await page.click('#order-table >> text=下一页');
  assert.match(await page.innerText('#order-table .range'), /第 21–40 条，共 4,000 条/);
  assert.notEqual((await column(page, 'order-table', 1))[0], first);
  await page.selectOption('#order-table .turn select', '50');
  assert.equal(await rowCount(page, 'order-table'), 50);
  assert.equal((await column(page, 'order-table', 1))[0], first);
}));

test('the language switches, and keeps what was picked', () => opened('month', async (page) => {
  await page.selectOption('#order-table [data-filter=verdict]', 'failed');
  await page.click('#language');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  assert.match(await page.title(), /Douyin reconciliation/);
  assert.match(await page.innerText('#order-table .range'), /filtered from 4,000/);
  const chinese = (await texts(page, 'h1, h2, h3, th, button:not(.open):not(#language), label')).filter((text) => /[\u4e00-\u9fff]/.test(text) && !/家面馆|总部/.test(text));
  assert.deepEqual(chinese, []);
  assert.deepEqual(await page.evaluate(() => [1, 11, '2,001'].map((n) => t('ofWhichResolved', { n, yuan: '1' }).replace(/ settled.*/, ''))), ['1 order', '11 orders', '2,001 orders']);
  await page.click('#language');
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
}));

/** textsOf returns the texts of the page but names and notes of people, ids, queries and the choice of language. */
const textsOf = (page) => page.evaluate(() => {
  const names = report.accounts.map((account) => account.name).concat((report.stores || []).map((store) => store.name)).filter(Boolean);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.closest('script, style, pre, .id, #language, #resolved-table, #sign .facts')) continue;
    found.push(names.reduce((text, name) => text.replaceAll(name, '·'), walker.currentNode.data));
  }
  return found;
});

test('sandbox: each language has its own words alone', () => opened('sandbox', async (page) => {
  await page.locator('#order-table button.open').first().click();
  const english = (await textsOf(page)).filter((text) => /\b[a-z]+_[a-z_]+\b|[a-z]+ [a-z]+ [a-z]+/.test(text) && !/^(archive\/|[a-z_]+: [a-z_]+$)/.test(text));
  assert.deepEqual(english, []);
  await page.keyboard.press('Escape');
  await page.click('#language');
  const chinese = (await textsOf(page)).filter((text) => /[\u4e00-\u9fff]/.test(text));
  assert.deepEqual(chinese, []);
  const verdicts = await column(page, 'order-table', 3); // a name, and below it the code
  assert.ok(verdicts.some((text) => text.startsWith('bill without settlement\nbill_only')), verdicts[0]);
}));

test('an order opens by Enter, closes by Esc, and is copied as a ticket', () => opened('month', async (page) => {
  const first = page.locator('#order-table button.open').first();
  const order = await first.innerText();
  const cells = (await page.locator('#order-table tbody tr').first().locator('td').allInnerTexts());
  await first.focus();
  assert.notEqual(await first.evaluate((e) => getComputedStyle(e).outlineStyle), 'none');
  await page.keyboard.press('Enter');
  const dialog = page.locator('dialog[open]');
  assert.ok((await dialog.innerText()).includes(order));
  const legs = await dialog.locator('table.legs tbody tr').first().locator('td').allInnerTexts();
  assert.deepEqual(legs, cells.slice(3, 6));
  assert.equal(await dialog.locator('.record').count(), 2);
  await dialog.getByText('复制为工单').click();
  const ticket = await page.evaluate(() => globalThis.clipped);
  for (const part of [order, 'logid 20261126', '分账', '差额', legs[2]]) assert.ok(ticket.includes(part), `no ${part} in ${ticket}`);
  await dialog.getByText('复制 SQL').click();
  assert.match(await page.evaluate(() => globalThis.clipped), /read_parquet/);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.ok(await first.evaluate((e) => e === document.activeElement));
}));

test('a cell of the ages picks its orders', () => opened('month', async (page) => {
  await page.locator('#ages tbody button').first().click();
  assert.notEqual(await page.inputValue('#order-table [data-filter=verdict]'), '');
  assert.notEqual(await page.inputValue('#order-table [data-filter=age]'), '');
  assert.match(await page.innerText('#todo h2'), /^[一二三四五六七八九十]+、/);
}));

test('100,000 open orders stay usable', () => opened('large', async (page) => {
  assert.match(await page.innerText('#order-table .range'), /共 100,000 条/);
  assert.equal(await rowCount(page, 'order-table'), 20);
  const last = page.locator('#order-table th', { hasText: '涉及金额' }).locator('button');
  await last.click();
  await page.fill('#order-table input[type=search]', '99');
  assert.match(await page.innerText('#order-table .range'), /筛选自 100,000 条/);
  await page.locator('#order-table button.open').first().click();
  assert.ok(await page.evaluate(() => document.getElementsByTagName('*').length) < 20_000);
}));

test('text from outside stays text', () => opened('hostile', async (page) => {
  assert.ok((await page.innerText('main')).includes('<img src=x'));
  assert.equal(await page.locator('img, iframe, main script').count(), 0);
  await page.locator('#order-table button.open').first().click();
  assert.ok((await page.innerText('dialog[open]')).includes('${alert(3)}'));
  await page.keyboard.press('Escape');
  await page.locator('#heat .chart').hover(); // its tooltip names an account
}));

test('what waits to be withdrawn adds up, and a withdrawal has its bills', () => opened('hostile', async (page) => {
  const [opening, into, out, withdrawn, closing, unexplained, waiting, check] = (await texts(page, '#balance-statement td.fen')).map(fen);
  assert.equal(opening + into + out + withdrawn, closing);
  assert.equal(closing + unexplained, waiting);
  assert.equal(check, 0n);
  assert.equal((await texts(page, '#balance-table tfoot td.fen')).map(fen)[4], closing);
  assert.equal(await rowCount(page, 'withdrawal-table'), 4);
  await page.click('#withdrawal-table tbody details summary');
  assert.equal(await page.locator('#withdrawal-table tbody details li:visible').count(), 2);
  assert.match(await page.innerText('#bills'), /见“余额调节表”/);
}));

test('a phone scrolls down only', () => opened('month', async (page) => {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await picture(page, 'phone');
  await picture(page, 'phone-full', { fullPage: true });
  await page.locator('#order-table button.open').first().click();
  assert.ok(await page.evaluate(() => { const d = document.querySelector('dialog'); return d.scrollWidth <= d.clientWidth; }));
  await picture(page, 'phone-order');
}, { width: 390, height: 844 }));

test('print has every section and no control', () => opened('month', async (page) => {
  await page.emulateMedia({ media: 'print' });
  const shown = await page.evaluate(() => [...document.querySelectorAll('select, input, .bar, .copy')].filter((e) => e.offsetParent !== null).length);
  assert.equal(shown, 0);
  assert.equal(await page.locator('main section:visible').count(), await page.locator('main section').count());
  if (SCREENSHOTS) await page.pdf({ path: resolve(SCREENSHOTS, 'month.pdf'), preferCSSPageSize: true });
}));

test('text has the contrast of WCAG AA', () => opened('month', async (page) => {
  await picture(page, 'wide');
  await picture(page, 'wide-full', { fullPage: true });
  await page.locator('#order-table button.open').first().click();
  await picture(page, 'wide-order');
  assert.deepEqual(await page.evaluate(faintTexts), []);
}));

/** faintTexts runs in the page: the visible texts whose contrast is below 4.5, without those of disabled controls. */
function faintTexts() {
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('script, svg, :disabled') || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.add(element.tagName + '.' + element.className + ' ' + walker.currentNode.data.trim().slice(0, 30));
  }
  return [...faint];
}
