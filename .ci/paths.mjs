// Checks what the documents name in backticks, outside of blocks of code:
//
// - `crates/…`, `domain/src/…`, `tests/…`: a file or folder that exists. `crates/` may be left out.
// - `Store::write`, `handlers::list`: a function, constant, type, field, variant or module that is declared in a block
//   of this type (`impl`, `trait`, `struct`, `enum`, or a macro that declares it), or in a module of this name.
//
// In the documents about the code, also:
//
// - `list.rs`, `store/`: beside a path that the line names before, or else the end of some path. In testing.md, a `.rs`
//   is below `tests/api`.
// - `Store`, `render_problem`, `MAY_REPEAT`, `row!`: declared somewhere, or in a text of the code, such as a table.
// - `` `Store` (`path`) `` and `` `path`: `Store` ``: declared in this file or folder. In the glossary, the terms of a
//   row are declared in the files of the row.
//
// Not checked: what has a placeholder, and the resource and the fields that do not exist (`press_release`, `motto`,
// `founded_year`), which the instructions use as their examples.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const isPath = /^(crates|migration|tests|\.ci|\.github|openapi)\/|^(domain|persistence|http|transfer|server)\/src/;
const isRelative = /^\w[\w./-]*\.(rs|txt|py|java|toml)$|^\w[\w/]*\/$/;
const isMember = /^\w+(::\w+)+$/;
const isName = /^([A-Z]\w*[a-z]\w*|[a-z]\w*_\w*|[A-Z]{2,}(_[A-Z]+)*|\w+!)$/;
const isExample = /[<>*{}…]|YYYY|NAME|press_?release|motto|founded_?year/i;
const isForUsers = /^README|(analysts|tables|clients|releasing|writing-style)\.md$/;
/** Names from elsewhere: methods, SQL, and what Rust and other crates declare. */
const foreign = new Set(
    "GET HEAD POST PATCH PUT DELETE LIKE NOTIFY UPDATE Option Vec macro_rules! proptest! deny_unknown_fields busy_timeout"
        .split(" "),
);

const below = (folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path));
const roots = ["crates", "migration", "tests", ".ci", ".github", "openapi"].filter((root) => existsSync(root));
const all = roots.flatMap(below).filter((path) => !/\b(target|node_modules|\.venv)\//.test(path));

const commentOrText = /\/\/.*|r#"[\s\S]*?"#|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.|[^\\'])'/g;
const declaration = /\b(?:fn|const|static|struct|enum|trait|type|mod|union|macro_rules!)\s+(\w+)/g;
const fieldOrVariant = /^\s*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*(?=[:=,({]|$)/gm;
const names = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);

/** A block from its beginning to its end, without the blocks in it. */
function surface(text, start) {
    let [depth, result] = [1, ""];
    for (let at = start; at < text.length && depth > 0; at += 1) {
        depth += { "{": 1, "}": -1 }[text[at]] ?? 0;
        if (depth === 1) result += text[at];
    }
    return result;
}

/** The type that a block is about: for `impl<T: Table> Visitor for Count<T>`, it is `Count`. */
function subject(kind, header) {
    if (kind !== "impl") return header.match(/\w+/)?.[0];
    let [depth, at] = [0, 0];
    do depth += { "<": 1, ">": -1 }[header[at]] ?? 0;
    while (depth > 0 && ++at < header.length);
    const type = header.slice(header[0] === "<" ? at + 1 : 0).split(/\bfor\s/).at(-1);
    return type.match(/^[\s&]*(?:dyn\s+)?(?:\w+::)*(\w+)/)?.[1];
}

/** What each type and each module declares; the files that declare each name; the words in texts. */
const [members, places, words] = [new Map(), new Map(), new Set()];
const add = (map, key, values) => map.set(key, new Set([...(map.get(key) ?? []), ...values]));

for (const path of all.filter((path) => path.endsWith(".rs"))) {
    const source = readFileSync(path, "utf8");
    const text = source.replace(commentOrText, (it) => (it.startsWith("//") ? "" : '""'));
    const texts = (source.match(commentOrText) ?? []).filter((it) => !it.startsWith("//"));
    texts.flatMap((it) => it.match(/\w+/g) ?? []).forEach((word) => words.add(word));

    const [, folder, file] = path.match(/([^/]+)\/(?:src\/)?([^/]+)\.rs$/);
    const module = ["mod", "lib", "main"].includes(file) ? folder : file;
    const exported = names(text, /\bpub(?:\([^)]*\))?\s+use\s+([^;]+);/g).flatMap((it) => it.match(/\w+/g));
    const declared = [...names(surface(text, 0), declaration), ...exported];
    for (const name of file === "lib" ? [module, `vku_${module}`] : [module]) add(members, name, declared);
    const aliases = names(text, /^use\s[^;]*?\bas\s+(\w+)/gm);
    for (const name of [...names(text, declaration), ...aliases]) add(places, name, [path]);

    const blocks = /\b(impl|trait|struct|enum|mod)\b([^{};()]*(?:\([^{};]*\)[^{};]*)?)\{/g;
    for (const { 0: start, 1: kind, 2: header, index } of text.matchAll(blocks)) {
        const isData = kind === "struct" || kind === "enum";
        const found = names(surface(text, index + start.length), isData ? fieldOrVariant : declaration);
        add(members, subject(kind, header), found);
        if (isData) found.forEach((name) => add(places, name, [path]));
    }
    // `string_enum! { Name in "names" { … } }`, `list_filter! { Name of … { … } }`, `whole_number! { Name: … }`
    for (const { 0: start, 1: name, index } of text.matchAll(/\b\w+!\s*\{\s*([A-Z]\w*)(?:\s+of\s+\w+|\s+in\s+"[^"]*")?\s*[{:=]/g)) {
        add(places, name, [path]);
        add(members, name, names(surface(text, index + start.length), fieldOrVariant));
    }
}
for (const path of all.filter((path) => /\.(py|java|mjs)$/.test(path))) {
    readFileSync(path, "utf8").match(/\w+/g)?.forEach((word) => words.add(word));
}

/** The file or folder that a path names; `before` are those that the line has named so far. */
function resolve(path, before, document) {
    const find = (paths) => paths.find((it) => existsSync(it));
    if (isPath.test(path)) return find([path, join("crates", path)]);
    if (document.endsWith("testing.md") && path.endsWith(".rs")) return find([join("tests/api", path)]);
    const beside = before.flatMap((it) => [join(it, path), join(dirname(it), path)]);
    return find([...beside, path]) ?? all.find((it) => `/${it}`.endsWith(`/${path.replace(/\/$/, "")}`));
}

const isMemberOf = (path) => path.split("::").every((name, at, of) => at === 0 || members.get(of[at - 1])?.has(name));
const isDeclaredIn = (name, path) =>
    [...(places.get(name.split("::").at(-1).replace("!", "")) ?? [])].some(
        (it) => it === path || (statSync(path).isDirectory() && it.startsWith(join(path, "/"))),
    );

let [failed, count] = [false, 0];

/** The faults of a line. */
function* faults(line, document) {
    const [isCode, found] = [!isForUsers.test(document), []];
    for (const { 0: quoted, 1: raw, index: from } of line.matchAll(/`([^`\s]+)`/g)) {
        const word = raw.replace(/(::)?<[A-Z]\w*>/g, "");
        if (isExample.test(word) || foreign.has(word)) continue;
        const item = { word, from, to: from + quoted.length };
        if (isPath.test(word) || (isCode && isRelative.test(word))) {
            item.path = resolve(word, found.flatMap((it) => it.path ?? []), document);
            if (item.path === undefined) yield `${word} does not exist`;
        } else if (isMember.test(word)) {
            if (!isMemberOf(word)) yield `${word} is not declared`;
        } else if (isCode && isName.test(word)) {
            const name = word.replace("!", "");
            if (!places.has(name) && !words.has(name)) yield `${word} is not declared`;
        } else continue;
        found.push(item);
        count += 1;
    }
    if (!isCode) return;
    for (const [at, { word, path, to }] of found.entries()) {
        const next = found[at + 1];
        const between = next && line.slice(to, next.from);
        const [item, file] = between === " (" ? [word, next.path] : between === ": " ? [next.word, path] : [];
        if (file && !isPath.test(item) && !isDeclaredIn(item, file)) yield `${item} is not declared in ${file}`;
    }
    const files = found.flatMap((it) => it.path ?? []);
    if (!document.endsWith("glossary.md") || files.length === 0) return;
    for (const { word } of found.filter((it) => !it.path && it.to <= line.indexOf(" | "))) {
        if (!files.some((path) => isDeclaredIn(word, path))) yield `${word} is not declared in ${files.join(", ")}`;
    }
}

for (const document of ["README.md", ...below(".github").filter((path) => path.endsWith(".md"))]) {
    let isBlock = false;
    for (const [number, line] of readFileSync(document, "utf8").split("\n").entries()) {
        if (line.startsWith("```")) isBlock = !isBlock;
        if (isBlock) continue;
        for (const fault of faults(line, document)) {
            failed = true;
            console.log(`${document}:${number + 1}: ${fault}`);
        }
    }
}
if (failed) process.exit(1);
console.log(`${count} paths and items in documents exist.`);
