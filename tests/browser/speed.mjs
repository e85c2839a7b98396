// Measures how long it takes until Swagger UI can be used: until the tags are shown, and one of them has been opened.
//
//   node tests/browser/speed.mjs <server binary>
//
// Starts the server with its demo data and drives Debian's Chromium with an empty cache: once as fast as it gets, once on
// a line like 3G (1.6 Mbit/s, 150 ms).

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DESK, startBrowser, startServer } from "./demo.mjs";

const LINES = {
  fast: { goal: 2, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
  "3G": { goal: 8, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 },
};
const RUNS = 3;

const [binary] = process.argv.slice(2);
assert(binary, "usage: node tests/browser/speed.mjs <server binary>");
const scratch = mkdtempSync(join(tmpdir(), "vku-speed-"));
let server, browser, base;

// The seconds until Swagger UI can be used, and the kilobytes that it takes.
async function load({ latency, downloadThroughput, uploadThroughput }) {
  const context = await browser.newContext({ viewport: DESK });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput, uploadThroughput });
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  const start = performance.now();
  await page.goto(`${base}/docs/`, { waitUntil: "commit" });
  const tag = page.locator(".opblock-tag").first();
  await tag.waitFor({ timeout: 60_000 });
  if ((await page.locator(".opblock").count()) === 0) await tag.click();
  await page.locator(".opblock").first().waitFor();
  const seconds = (performance.now() - start) / 1000;
  await context.close();
  return { seconds, kilobytes: bytes / 1000 };
}

try {
  ({ server, base } = await startServer(binary, scratch));
  browser = await startBrowser();
  const report = [];
  for (const [name, line] of Object.entries(LINES)) {
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await load(line));
    // Not the first: the server then makes and compresses the document.
    const seconds = runs.map((it) => it.seconds).sort((one, other) => one - other)[Math.floor(RUNS / 2)];
    report.push(`${seconds.toFixed(1)} s (${name}, goal ${line.goal} s)`);
    if (name === "fast") report.push(`${runs[0].kilobytes.toFixed(0)} kB`);
  }
  console.log(`Swagger UI can be used after: ${report.join(", ")}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser?.close();
  server?.kill();
  rmSync(scratch, { recursive: true, force: true });
}
