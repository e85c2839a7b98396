// Reads `<package> v<version>|<licence>` lines and fails for packages that may not be in the binary: those that cannot
// be used under one of the allowed licences.
import { readFileSync } from "node:fs";

const ALLOWED = new Set([
  "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
  "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "OpenSSL", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "Zlib",
]);

// Evaluates an SPDX expression (also the old form with `/`): whether allowed licences satisfy it.
function isAllowed(expression) {
  const tokens = expression.replaceAll("/", " OR ").match(/\(|\)|\bAND\b|\bOR\b|[\w.+-]+( WITH [\w.-]+)?/g) ?? [];
  const any = () => {
    let value = all();
    while (tokens[0] === "OR") value = (tokens.shift(), all()) || value;
    return value;
  };
  const all = () => {
    let value = one();
    while (tokens[0] === "AND") value = (tokens.shift(), one()) && value;
    return value;
  };
  const one = () => {
    const token = tokens.shift();
    if (token !== "(") return ALLOWED.has(token);
    const value = any();
    tokens.shift();
    return value;
  };
  return any() && tokens.length === 0;
}

const lines = new Set(readFileSync(0, "utf8").split("\n").map((line) => line.replace(/ \(\*\)$/, "")).filter(Boolean));
const refused = [...lines].filter((line) => !isAllowed(line.slice(line.lastIndexOf("|") + 1)));
if (lines.size < 50) throw new Error(`only ${lines.size} packages: is this the whole tree?`);
for (const line of refused) console.error(`not allowed: ${line}`);
console.log(`${lines.size} packages looked at`);
process.exitCode = refused.length > 0 ? 1 : 0;
