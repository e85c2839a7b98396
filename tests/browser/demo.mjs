// Starts the server with its demo data, and a browser.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const tools = createRequire(new URL("../../.ci/package.json", import.meta.url));
const { chromium } = tools("playwright-core");

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";

export const PHONE = { width: 360, height: 740 };
export const DESK = { width: 1280, height: 900 };

// The server on a free port, with its base URL.
export async function startServer(binary, scratch) {
  const data = join(scratch, "data");
  const server = spawn(resolve(binary), ["serve", "--demo", "--data-dir", data, "--bind", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, VKU_LOG: "warn" },
  });
  const ended = new Promise((_, reject) => server.once("exit", (code) => reject(new Error(`server ended: ${code}`))));
  const ready = (async () => {
    for await (const line of createInterface({ input: server.stdout })) {
      const port = line.match(/http:\/\/localhost:(\d+)\/docs\//)?.[1];
      if (port) return port;
    }
  })();
  const base = `http://127.0.0.1:${await Promise.race([ready, ended])}`;
  ended.catch(() => {});
  server.stdout.resume();
  return { server, base };
}

// Debian's Chromium, which can reach nothing but this machine.
export const startBrowser = () =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [...QUIET.split(" "), "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
