// Checks that every file and folder that the documents name in backticks exists.
//
// Paths in `crates/` may be written without it. Paths with a placeholder are not checked, nor are those of the resource
// and of the field that do not exist (`press_release`, `motto`), which the instructions use as their examples.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const isPath = /^(crates|migration|tests|\.ci|openapi)\/|^(domain|persistence|http|transfer|server)\/src/;
const isInCrates = /^\w+\/src/;
const isExample = /[<>*{}…]|YYYY|press_release|motto/;

const documents = readdirSync(".github", { recursive: true }).filter((path) => path.endsWith(".md"));
let failed = false;
let count = 0;
for (const document of ["README.md", ...documents.map((path) => join(".github", path))]) {
    for (const [number, line] of readFileSync(document, "utf8").split("\n").entries()) {
        for (const [, path] of line.matchAll(/`([^`\s]+)`/g)) {
            if (!isPath.test(path) || isExample.test(path)) continue;
            count += 1;
            if (existsSync(path) || (isInCrates.test(path) && existsSync(join("crates", path)))) continue;
            failed = true;
            console.log(`${document}:${number + 1}: ${path} does not exist`);
        }
    }
}
if (failed) process.exit(1);
console.log(`${count} paths in documents exist.`);
