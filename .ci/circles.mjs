// Finds import circles inside each crate, and fails on one.
//
// The modules below one module form a graph: one depends on another where a file of it names something of the other.
// That graph has to be free of circles, for every module of the crate; so the order of folders is the order of imports.
// A module and the ones below it may name each other, and tests may name anything.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The files of a crate: the path of each module, and its text without comments and tests. */
function modules(source) {
    const found = new Map();
    for (const entry of readdirSync(source, { recursive: true })) {
        if (!entry.endsWith(".rs")) continue;
        const path = entry.slice(0, -3).split("/");
        if (["mod", "lib", "main"].includes(path.at(-1))) path.pop();
        const text = readFileSync(join(source, entry), "utf8").replace(/^\s*\/\/.*$/gm, "");
        if (path.at(-1) === "tests" || /^#!\[cfg\(test\)\]/m.test(text)) continue;
        found.set(path.join("::"), (found.get(path.join("::")) ?? "") + withoutTests(text));
    }
    return found;
}

/** Without the unit tests: the declaration of their file, and a module of tests, which ends the file. */
const withoutTests = (text) => text.replace(/^#\[cfg\(test\)\]\nmod \w+;\n/gm, "").split(/^#\[cfg\(test\)\]\nmod /m)[0];

/** The paths that a tree of `use` names: `a::{b, c::d}`. */
function leaves(tree) {
    const open = tree.indexOf("{");
    if (open < 0) return [tree.replace(/\s+as\s+\w+$/, "").trim()];
    const [head, inner] = [tree.slice(0, open).trim(), tree.slice(open + 1, tree.lastIndexOf("}"))];
    const parts = [];
    let depth = 0;
    let part = "";
    for (const letter of inner) {
        depth += { "{": 1, "}": -1 }[letter] ?? 0;
        if (letter === "," && depth === 0) {
            parts.push(part);
            part = "";
        } else part += letter;
    }
    return [...parts, part].filter((it) => it.trim()).flatMap(leaves).map((leaf) => head + leaf);
}

/** The module of the crate that a path names something of; nothing where it leads out of the crate. */
function target(path, from, known) {
    let segments = path.split("::").map((it) => it.trim());
    if (segments[0] === "crate" || segments[0] === "$crate") segments.shift();
    else if (segments[0] === "self" || segments[0] === "super") {
        let base = from ? from.split("::") : [];
        while (["self", "super"].includes(segments[0])) if (segments.shift() === "super") base = base.slice(0, -1);
        segments = [...base, ...segments];
    } else if (known.has([...(from ? [from] : []), segments[0]].join("::"))) segments = [...(from ? from.split("::") : []), ...segments];
    else return undefined;
    for (let length = segments.length; length > 0; length--) {
        const module = segments.slice(0, length).join("::");
        if (known.has(module)) return module;
    }
    return "";
}

/** Which modules each module names. */
function imports(known) {
    const edges = [];
    for (const [from, text] of known) {
        const uses = [...text.matchAll(/\buse ([^;]+);/g)].flatMap(([, tree]) => leaves(tree));
        const inline = [...text.replace(/\buse [^;]+;/g, "").matchAll(/(?<![\w:])\$?(?:crate|self|super)(?:::\w+)+/g)].map(([path]) => path);
        for (const path of [...uses, ...inline]) {
            const to = target(path, from, known);
            if (to !== undefined && to !== from) edges.push([from, to]);
        }
    }
    return edges;
}

/** The strongly connected parts of a graph that have more than one node (Tarjan). */
function circles(nodes, next) {
    const [index, low, stack, found] = [new Map(), new Map(), [], []];
    const visit = (node) => {
        index.set(node, index.size);
        low.set(node, index.get(node));
        stack.push(node);
        for (const other of next.get(node) ?? []) {
            if (!index.has(other)) visit(other);
            if (stack.includes(other)) low.set(node, Math.min(low.get(node), low.get(other)));
        }
        if (low.get(node) === index.get(node)) {
            const part = stack.splice(stack.indexOf(node));
            if (part.length > 1) found.push(part);
        }
    };
    for (const node of nodes) if (!index.has(node)) visit(node);
    return found;
}

let failed = false;
let count = 0;
for (const crate of readdirSync("crates")) {
    const known = modules(join("crates", crate, "src"));
    const edges = imports(known);
    count += known.size;
    for (const parent of new Set([...known.keys()].map((it) => it.split("::").slice(0, -1).join("::")))) {
        const child = (module) => {
            if (parent && !module.startsWith(`${parent}::`)) return undefined;
            return module ? module.slice(parent ? parent.length + 2 : 0).split("::")[0] : undefined;
        };
        const [next, witness] = [new Map(), new Map()];
        for (const [from, to] of edges) {
            const [a, b] = [child(from), child(to)];
            if (!a || !b || a === b) continue;
            next.set(a, (next.get(a) ?? new Set()).add(b));
            witness.set(`${a} ${b}`, [...(witness.get(`${a} ${b}`) ?? []), `${from || "lib"} -> ${to}`]);
        }
        for (const circle of circles(next.keys(), next)) {
            failed = true;
            console.log(`${crate}: ${parent || "the root"} has a circle of ${circle.sort().join(", ")}`);
            for (const [edge, files] of witness) {
                const [a, b] = edge.split(" ");
                if (circle.includes(a) && circle.includes(b)) console.log(`    ${a} -> ${b}: ${[...new Set(files)].slice(0, 4).join("; ")}`);
            }
        }
    }
}
if (failed) process.exit(1);
console.log(`No import circle in ${count} modules.`);
