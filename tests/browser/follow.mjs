// Follows changes in a page by tickets, as the README shows it: changes made elsewhere appear, also those from before the
// page was opened.
//
//   node tests/browser/follow.mjs <server binary>
//
// Starts the server with its demo data on a free port and drives Debian's Chromium. Ends with status 1 at the first
// fault.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startBrowser, startServer } from "./demo.mjs";

const [binary] = process.argv.slice(2);
assert(binary, "usage: node tests/browser/follow.mjs <server binary>");
const scratch = mkdtempSync(join(tmpdir(), "vku-browser-"));
const example = readFileSync(new URL("../clients/follow/follow.js", import.meta.url), "utf8");
let server, browser, base;

async function ask(method, path, body, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  assert(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

const signIn = async (role) => {
  const account = { email: `${role}@demo.example`, password: "demo-partnerships" };
  return (await ask("POST", "/api/v1/auth/token", account)).access_token;
};

try {
  ({ server, base } = await startServer(binary, scratch));
  browser = await startBrowser();
  const [reader, office] = [await signIn("reader"), await signIn("coordinator")];
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const opened = [];
  page.on("request", (request) => request.url().includes("/events?") && opened.push(request.url()));
  // A page of this server whose policy allows requests.
  await page.goto(`${base}/docs/`);
  await page.evaluate(`${example}; window.follow = follow;`);
  const connected = page.waitForResponse((response) => response.url().includes("/events?") && response.status() === 200);
  await page.evaluate((token) => window.follow(token), reader);
  await connected;

  const create = (slug) => ask("POST", "/api/v1/organisations", { slug, name: slug, kind: "ngo" }, office);
  const shows = (text) => page.waitForFunction((text) => document.body.textContent.includes(text), text);
  await create("zxq-one");
  await shows("created organisation zxq-one");

  // Another page begins where a list was read, with a ticket of its own, and gets what it has missed.
  const list = await fetch(`${base}/api/v1/organisations`);
  await create("zxq-two");
  await shows("created organisation zxq-two");
  await page.goto(`${base}/docs/`);
  await page.evaluate(`${example}; window.follow = follow;`);
  await page.evaluate(([token, since]) => window.follow(token, since), [reader, list.headers.get("change-token")]);
  await shows("created organisation zxq-two");
  await create("zxq-three");
  await shows("created organisation zxq-three");
  assert.equal(opened.length, 2);
  assert.equal(new Set(opened).size, opened.length, "a ticket is used once");
  console.log(`the page followed by ${opened.length} connections`);
} finally {
  await browser?.close();
  server?.kill();
  rmSync(scratch, { recursive: true, force: true });
}
