// Compares the document with the one of the last release (the last tag `v*`), and fails for breaking changes.
//
//   node .ci/breaking/run.mjs <document>

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { breaks } from "./compare.mjs";

const document = process.argv[2];

const git = (...words) => execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 }).trim();

/** The last release among the ancestors, or nothing if there is none yet. Throws if this cannot be known. */
function lastRelease() {
  const described = () => {
    try {
      return git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*");
    } catch {
      return undefined;
    }
  };
  const here = described();
  if (here || git("rev-parse", "--is-shallow-repository") === "false") return here;
  // A shallow clone has no tags, so ask the remote.
  const remote = git("remote").split("\n")[0];
  if (!remote) throw new Error("this clone is shallow, and there is no remote to ask for tags");
  const tags = git("ls-remote", "--tags", "--refs", "--sort=version:refname", remote, "v[0-9]*").split("\n").filter(Boolean);
  if (tags.length === 0) return undefined;
  const name = tags.at(-1).split("refs/tags/")[1];
  git("fetch", "--depth=1", remote, `refs/tags/${name}:refs/tags/${name}`);
  return name;
}

function main() {
  let release;
  try {
    release = lastRelease();
  } catch (error) {
    const why = String(error.stderr || error.message).trim();
    throw new Error(`Which release to compare with, cannot be known here: ${why}\nFetch the tags: git fetch --tags --unshallow`);
  }
  if (!release) return "There is no release (tag v*) yet: compared with nothing.";
  let old;
  try {
    old = JSON.parse(git("show", `${release}:${document}`));
  } catch (error) {
    if (!/exists on disk, but not in|does not exist in/.test(String(error.stderr))) throw error;
    return `${release} has no ${document}: compared with nothing.`;
  }
  const found = breaks(old, JSON.parse(readFileSync(document, "utf8")));
  if (found.length > 0) throw new Error(`Who uses ${release} could no longer:\n${found.map((it) => `  ${it}`).join("\n")}`);
  return `Nothing breaks who uses ${release}.`;
}

try {
  console.log(main());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
