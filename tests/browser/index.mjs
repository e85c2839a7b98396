// Checks the front page with axe-core: in German and English, light and dark, on a phone and on a desktop. Ends with
// status 1 for any serious or critical violation of WCAG 2.1 A and AA, and if something does not fit its container.
//
//   node tests/browser/index.mjs <server binary> [<directory for screenshots>]
//
// The screenshots show the page, its map and its charts, and every chart of the statistics.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DESK, PHONE, startBrowser, startServer, tools } from "./demo.mjs";

const [binary, pictures] = process.argv.slice(2);
assert(binary, "usage: node tests/browser/index.mjs <server binary> [<directory for screenshots>]");
const AXE = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

const CHARTS = {
  partnerships: ["status", "sector", "country", "programme", "sdg_target", "year"],
  funding: ["programme", "kind", "year"],
  members: ["status", "regional_group", "sector", "quarter"],
  sessions: ["year", "kind", "sector", "regional_group"],
};

const scratch = mkdtempSync(join(tmpdir(), "vku-browser-"));
let server, browser, base;

const picture = (part, name, options = {}) =>
  pictures && part.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled", ...options });

async function look(locale, colorScheme, [device, viewport]) {
  const name = `${locale.slice(0, 2)}-${colorScheme}-${device}`;
  const page = await browser.newPage({ locale, colorScheme, viewport });
  await page.goto(base);
  assert.equal(await page.locator("html").getAttribute("lang"), locale.slice(0, 2));
  // By the debugger, because the page's policy allows no scripts.
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
  assert(passes.length > 10, `axe looked at little: ${passes.length}`);
  const bad = violations.filter((it) => ["serious", "critical"].includes(it.impact));
  const told = bad.map((it) => `${it.id} (${it.impact}): ${it.help}\n  ${it.nodes.map((node) => node.html.slice(0, 200)).join("\n  ")}`);
  assert.equal(bad.length, 0, `${name}:\n${told.join("\n")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert(wide <= 0, `${name}: ${wide}px wider than the window`);
  assert.equal(await page.locator(".map svg").count(), 1);
  assert.equal(await page.locator(".charts svg").count(), 3);
  assert((await page.locator(".sessions li").count()) > 0, "the next sessions are shown");
  await picture(page, `page-${name}`, { fullPage: true });
  // The screenshot for the README.
  const above = { x: 0, y: 0, width: viewport.width, height: 1410 };
  if (name === "en-light-desktop") await picture(page, "index", { fullPage: true, clip: above });
  await picture(page.locator(".map"), `map-${name}`);
  await picture(page.locator(".charts"), `charts-${name}`);
  await page.close();
}

// Every chart on its own, as the office gets it. Nothing may extend beyond its edge.
async function charts() {
  const page = await browser.newPage({ viewport: DESK });
  const signedIn = await page.request.post(`${base}/api/v1/auth/token`, {
    data: { email: "coordinator@demo.example", password: "demo-partnerships" },
  });
  const { access_token: token } = await signedIn.json();
  const all = Object.entries(CHARTS).flatMap(([of, ways]) => ways.map((by) => [of, by, "svg"]));
  for (const [of, by, format] of [...all, ["partnerships", "country", "map"]]) {
    const headers = { Authorization: `Bearer ${token}`, "Accept-Language": "de" };
    const answer = await page.request.get(`${base}/api/v1/statistics/${of}?by=${by}&format=${format}`, { headers });
    assert.equal(answer.status(), 200);
    await page.setContent(`<!doctype html><html lang="de"><body style="margin:0">${await answer.text()}</body></html>`);
    const out = await page.locator("svg").evaluate((svg) => {
      const edge = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")];
      const beyond = (it) => it.left < edge.left - 1 || it.right > edge.right + 1 || it.top < edge.top - 1 || it.bottom > edge.bottom + 1;
      return texts.filter((text) => beyond(text.getBoundingClientRect())).map((text) => text.textContent);
    });
    assert.deepEqual(out, [], `${of} by ${by}: over the edge`);
    await picture(page.locator("svg"), `${format === "map" ? "map" : `chart-${of}-${by}`}`);
  }
  await page.close();
}

try {
  if (pictures) mkdirSync(pictures, { recursive: true });
  ({ server, base } = await startServer(binary, scratch));
  browser = await startBrowser();
  for (const locale of ["en-GB", "de-DE"]) {
    for (const colorScheme of ["light", "dark"]) {
      for (const device of Object.entries({ desktop: DESK, phone: PHONE })) await look(locale, colorScheme, device);
    }
  }
  await charts();
  console.log("The front page is accessible, and every chart fits.");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser?.close();
  server?.kill();
  rmSync(scratch, { recursive: true, force: true });
}
