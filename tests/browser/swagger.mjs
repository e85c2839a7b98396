// Uses the front page and Swagger UI like a visitor: reads, signs in, lists, and tries a change as a dry run.
//
//   node tests/browser/swagger.mjs <server binary> [<directory for screenshots>]
//
// Starts the server with its demo data on a free port and drives Debian's Chromium. Ends with status 1 at the first
// fault, or if a page loads anything from another origin, logs an error or misses a file.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DESK, PHONE, startBrowser, startServer } from "./demo.mjs";

const [binary, pictures] = process.argv.slice(2);
assert(binary, "usage: node tests/browser/swagger.mjs <server binary> [<directory for screenshots>]");
const scratch = mkdtempSync(join(tmpdir(), "vku-browser-"));
const faults = [];
let server, browser, base;

// A page that records everything that a visitor should not see.
async function open(options = {}) {
  const page = await browser.newPage({ viewport: DESK, ...options });
  page.setDefaultTimeout(15_000);
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== base) faults.push(`leaves the host: ${url}`);
  });
  page.on("requestfailed", (request) => faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  return page;
}

// Takes a screenshot of a page or of a part of it.
const picture = (part, name, options = {}) =>
  pictures && part.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled", ...options });

// The lowest contrast between a text and its background (WCAG 2.2, 1.4.3), with that text.
function leastContrast() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    const color = channels(getComputedStyle(element).backgroundColor);
    return color.length === 4 && color[3] === 0 ? (element.parentElement ? behind(element.parentElement) : [255, 255, 255]) : color;
  };
  const texts = [...document.body.querySelectorAll("*")].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return texts.map((element) => {
    const [one, other] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
    return { contrast: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), text: element.textContent.trim() };
  }).reduce((least, it) => (it.contrast < least.contrast ? it : least));
}

async function frontPage() {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, viewport] of Object.entries({ desktop: DESK, phone: PHONE })) {
      const page = await open({ colorScheme, viewport });
      const response = await page.goto(base);
      assert.match(response.headers()["content-type"], /^text\/html/);
      assert.equal(await page.locator("html").getAttribute("lang"), "en");
      assert.match(await page.title(), /Partnerschaften/);
      const levels = await page.locator("h1, h2, h3, h4").evaluateAll((all) => all.map((it) => Number(it.tagName[1])));
      assert.equal(levels.filter((level) => level === 1).length, 1, "one h1");
      assert(levels.every((level, index) => level <= (levels[index - 1] ?? 0) + 1), `no level is skipped: ${levels}`);
      assert.equal(await page.locator("main").count(), 1);
      const least = await page.evaluate(leastContrast);
      assert(least.contrast >= 4.5, `contrast ${least.contrast.toFixed(2)} of "${least.text}" (${colorScheme})`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert(wide <= 0, `${wide}px wider than the window (${name})`);
      await picture(page, `index-${colorScheme}-${name}`, { fullPage: true });
      await page.close();
    }
  }
  // The front page is in German for German readers, and both languages link to each other.
  const german = await open({ locale: "de-DE", viewport: PHONE });
  await german.goto(base);
  const language = () => german.locator("html").getAttribute("lang");
  assert.equal(await language(), "de");
  const wide = await german.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert(wide <= 0, `${wide}px wider than the window (German)`);
  await picture(german, "index-german-phone", { fullPage: true });
  for (const [name, lang] of [["English", "en"], ["Deutsch", "de"]]) {
    await german.getByRole("link", { name, exact: true }).click();
    await german.waitForURL(`${base}/?lang=${lang}`);
    assert.equal(await language(), lang);
  }
  await german.close();
  // Every link works.
  const page = await open();
  await page.goto(base);
  const links = await page.locator("a").evaluateAll((all) => all.map((it) => it.href));
  for (const link of links) {
    const response = await page.request.get(link);
    assert(response.ok(), `${link}: ${response.status()}`);
  }
  await page.getByRole("link", { name: "Try it in the browser" }).click();
  await page.waitForURL(`${base}/docs/`);
  await page.locator(".opblock-tag").first().waitFor();
  await page.close();
}

// An operation in Swagger UI.
class Operation {
  constructor(page, tag, id) {
    this.page = page;
    this.tag = page.locator(`#operations-tag-${tag}`);
    this.block = page.locator(`#operations-${tag}-${id}`);
  }

  async expand() {
    if ((await this.tag.getAttribute("data-is-open")) === "false") await this.tag.click();
    await this.block.locator(".opblock-summary-control").click();
    await this.block.locator(".btn.execute").waitFor();
  }

  parameter(name) {
    return this.block.locator(`tr[data-param-name="${name}"]`).locator("input, select").first();
  }

  // Executes the operation. Returns the request, the response, and what the page shows of it.
  async execute() {
    const method = (await this.block.locator(".opblock-summary-method").innerText()).trim();
    const answered = this.page.waitForResponse((it) => it.request().method() === method && it.url().includes("/api/v1/"));
    await this.block.locator(".btn.execute").click();
    const response = await answered;
    const table = this.block.locator(".live-responses-table");
    await table.waitFor();
    return {
      request: response.request(),
      response,
      status: Number((await table.locator("tbody .response-col_status").first().innerText()).trim()),
      text: await table.locator("tbody .response-col_description").first().innerText(),
    };
  }
}

async function swaggerUi() {
  const page = await open();
  await page.goto(`${base}/docs/`);
  await page.locator(".opblock-tag").first().waitFor();
  assert.match(await page.locator(".info .title").innerText(), /Internationale Partnerschaften/);
  assert.equal(await page.locator(".errors-wrapper").count(), 0, "Swagger UI finds fault with the document");
  await picture(page, "docs", { fullPage: true });

  // Sign in with the example as it is.
  const signIn = new Operation(page, "auth", "create_access_token");
  await signIn.expand();
  const body = signIn.block.locator("textarea.body-param__text");
  const credentials = JSON.parse(await body.inputValue());
  assert.deepEqual(credentials, { email: "coordinator@demo.example", password: "demo-partnerships" });
  const token = await signIn.execute();
  assert.equal(token.status, 200, token.text);
  const { access_token: accessToken } = await token.response.json();
  assert(token.text.includes(accessToken), "the token is shown, to be copied");
  await picture(signIn.block, "docs-token");
  await signIn.block.locator(".opblock-summary-control").click();

  await page.locator(".scheme-container .btn.authorize").click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input").fill(accessToken);
  await picture(page, "docs-authorize");
  await dialog.locator(".btn.auth.authorize").click();
  await dialog.getByText("Authorized", { exact: true }).waitFor();
  await dialog.locator(".btn-done").click();
  await dialog.waitFor({ state: "detached" });

  const list = new Operation(page, "partnerships", "list_partnerships");
  await list.expand();
  const found = await list.execute();
  assert.equal(found.status, 200, found.text);
  assert.equal(await found.request.headerValue("authorization"), `Bearer ${accessToken}`);
  const { items } = await found.response.json();
  assert(items.length > 10, `${items.length} partnerships`);
  assert(found.text.includes(items[0].title), "a title is shown");
  await picture(list.block, "docs-list");
  await list.block.locator(".request-url").evaluate((it) => it.scrollIntoView());
  await picture(page, "docs-answer", { clip: { x: 0, y: 0, width: DESK.width, height: 640 } });
  await list.block.locator(".opblock-summary-control").click();

  // Read a resource, then try a change based on it as a dry run.
  const get = new Operation(page, "organisations", "get_organisation");
  await get.expand();
  const id = await get.parameter("id").inputValue();
  const read = await get.execute();
  assert.equal(read.status, 200, read.text);
  const tag = await read.response.headerValue("etag");
  assert(read.text.includes(tag), "the ETag is shown, to be copied");
  const before = await read.response.json();

  const update = new Operation(page, "organisations", "update_organisation");
  await update.expand();
  assert.equal(await update.parameter("id").inputValue(), id);
  await update.parameter("dry_run").selectOption("true");
  await update.parameter("If-Match").fill(tag);
  await update.block.locator("textarea.body-param__text").fill(JSON.stringify({ short_name: "Rehearsed" }));
  const changed = await update.execute();
  assert.equal(changed.status, 200, changed.text);
  assert.equal(await changed.request.headerValue("if-match"), tag);
  assert.equal(await changed.request.headerValue("content-type"), "application/merge-patch+json");
  assert.equal((await changed.response.json()).short_name, "Rehearsed");
  const after = await (await page.request.get(`${base}/api/v1/organisations/${id}`)).json();
  assert.deepEqual(after, before, "a dry run writes nothing");
  await picture(update.block, "docs-change");
  await page.close();

  const phone = await open({ viewport: PHONE });
  await phone.goto(`${base}/docs/`);
  await phone.locator(".opblock-tag").first().waitFor();
  await picture(phone, "docs-phone");
  await phone.close();
}

try {
  if (pictures) mkdirSync(pictures, { recursive: true });
  ({ server, base } = await startServer(binary, scratch));
  browser = await startBrowser();
  await frontPage();
  await swaggerUi();
  assert.deepEqual(faults, []);
  console.log("The front page and Swagger UI work.");
} catch (error) {
  console.error(error);
  if (faults.length > 0) console.error("Beside that:", faults);
  process.exitCode = 1;
} finally {
  await browser?.close();
  server?.kill();
  rmSync(scratch, { recursive: true, force: true });
}
