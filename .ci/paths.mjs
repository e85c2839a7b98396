// Checks that every file and folder that the documents name in backticks exists, and every item of the code that is named
// with its module or type, such as `Store::write`.
//
// Paths in `crates/` may be written without it. Paths with a placeholder are not checked, nor are those of the resource
// and of the field that do not exist (`press_release`, `motto`), which the instructions use as their examples.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const isPath = /^(crates|migration|tests|\.ci|openapi)\/|^(domain|persistence|http|transfer|server)\/src/;
const isInCrates = /^\w+\/src/;
const isItem = /^\w+(::\w+)+$/;
const isExample = /[<>*{}…]|YYYY|press_release|motto/i;

const below = (folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path));
const sources = ["crates", "migration", "tests"].flatMap(below).filter((path) => /^(?!.*\btarget\b).*\.rs$/.test(path));
const names = new Set(sources.flatMap((path) => readFileSync(path, "utf8").match(/\w+/g) ?? []));
const exists = (path) => existsSync(path) || (isInCrates.test(path) && existsSync(join("crates", path)));

const documents = ["README.md", ...below(".github").filter((path) => path.endsWith(".md"))];
let failed = false;
let count = 0;
for (const document of documents) {
    for (const [number, line] of readFileSync(document, "utf8").split("\n").entries()) {
        for (const [, path] of line.matchAll(/`([^`\s]+)`/g)) {
            const isChecked = isPath.test(path) || isItem.test(path);
            if (!isChecked || isExample.test(path)) continue;
            count += 1;
            if (isPath.test(path) ? exists(path) : path.split("::").every((name) => names.has(name))) continue;
            failed = true;
            console.log(`${document}:${number + 1}: ${path} does not exist`);
        }
    }
}
if (failed) process.exit(1);
console.log(`${count} paths and items in documents exist.`);
