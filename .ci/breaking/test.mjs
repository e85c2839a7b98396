// node --test .ci/breaking/test.mjs: breaking and additive changes of a sample document.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { breaks } from "./compare.mjs";

const thing = () => ({
  type: "object",
  required: ["id", "kind"],
  properties: {
    id: { type: "string" },
    kind: { $ref: "#/components/schemas/Kind" },
    size: { type: "integer", minimum: 1, maximum: 9 },
    parts: { type: "array", items: { $ref: "#/components/schemas/Thing" } },
    party: { oneOf: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/schemas/B" }] },
  },
});
const document = () => ({
  paths: {
    "/things": {
      get: {
        operationId: "list_things",
        security: [{}, { bearer: [] }],
        parameters: [
          { name: "kind", in: "query", schema: { type: "array", items: { $ref: "#/components/schemas/Kind" } } },
          { name: "limit", in: "query", schema: { type: "integer", maximum: 200 } },
          { name: "If-None-Match", in: "header", schema: { type: "string" } },
        ],
        responses: {
          200: {
            headers: { ETag: { schema: { type: "string" } } },
            content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } }, "text/csv": {} },
          },
          400: { $ref: "#/components/responses/Bad" },
        },
      },
      post: {
        operationId: "create_thing",
        security: [{ bearer: [] }],
        requestBody: { required: true, content: { "application/json": { schema: { $ref: "#/components/schemas/ThingInput" } } } },
        responses: { 201: { description: "Made." } },
      },
    },
  },
  components: {
    responses: { Bad: { content: { "application/problem+json": { schema: { type: "object" } } } } },
    schemas: {
      Kind: { type: "string", enum: ["a", "b"] },
      A: { type: "object", required: ["a"], properties: { a: { type: "string" } } },
      B: { type: "object", required: ["b"], properties: { b: { type: "string" } } },
      Thing: thing(),
      ThingInput: { ...thing(), required: ["kind"], additionalProperties: false },
    },
  },
});

const changed = (change) => {
  const now = document();
  change(now, now.components.schemas, now.paths["/things"]);
  return breaks(document(), now);
};

const BREAKING = {
  "the path is gone": (now) => delete now.paths["/things"],
  "the operation is gone": (_, __, path) => delete path.post,
  "the operationId was list_things": (_, __, path) => (path.get.operationId = "get_things"),
  "asks for credentials now": (_, __, path) => (path.get.security = [{ bearer: [] }]),
  "the parameter `limit` is gone": (_, __, path) => path.get.parameters.splice(1, 1),
  "the parameter `q` is new and required": (_, __, path) => path.get.parameters.push({ name: "q", in: "query", required: true }),
  "`limit`: is required now": (_, __, path) => (path.get.parameters[1].required = true),
  "`limit`: `maximum` was 200 and is 100": (_, __, path) => (path.get.parameters[1].schema.maximum = 100),
  "`kind`: is written in another way": (_, __, path) => (path.get.parameters[0].explode = false),
  "the status 400 is gone": (_, __, path) => delete path.get.responses[400],
  "the header `ETag` is gone": (_, __, path) => delete path.get.responses[200].headers.ETag,
  "the media type text/csv is gone": (_, __, path) => delete path.get.responses[200].content["text/csv"],
  "the media type application/problem+json is gone": (now) => (now.components.responses.Bad.content = {}),
  "the media type application/json is gone": (_, __, path) => (path.post.requestBody.content = { "text/csv": {} }),
  "takes no body any more": (_, __, path) => delete path.post.requestBody,
  "200: `size` is gone": (_, schemas) => delete schemas.Thing.properties.size,
  "200: `kind` was always there": (_, schemas) => (schemas.Thing.required = ["id"]),
  "200.size: the type was integer and is string": (_, schemas) => (schemas.Thing.properties.size = { type: "string" }),
  "200.size: the type was integer and is integer, null": (_, schemas) => (schemas.Thing.properties.size.type = ["integer", "null"]),
  "200.parts: the type was array and is object": (_, schemas) => (schemas.Thing.properties.parts = { type: "object" }),
  "200.kind: was one of some values": (_, schemas) => (schemas.Thing.properties.kind = { type: "string" }),
  "200.party: may be, as it never was, one of its kinds (C)": (now, schemas) => {
    schemas.C = { type: "object", properties: {} };
    schemas.Thing.properties.party.oneOf.push({ $ref: "#/components/schemas/C" });
  },
  "body: `id` is required now": (_, schemas) => schemas.ThingInput.required.push("id"),
  "body: `size` is gone": (_, schemas) => delete schemas.ThingInput.properties.size,
  'body.kind: no longer takes "b"': (_, schemas) => (schemas.Kind.enum = ["a"]),
  "body.size: `minimum` was 1 and is 2": (_, schemas) => (schemas.ThingInput.properties.size.minimum = 2),
  "body.id: `pattern` was not there and is ^a": (_, schemas) => (schemas.ThingInput.properties.id.pattern = "^a"),
  "body.id: the format was any and is uuid": (_, schemas) => (schemas.ThingInput.properties.id.format = "uuid"),
  "body.party: no longer takes one of its kinds (B)": (_, schemas) => schemas.ThingInput.properties.party.oneOf.pop(),
  "body.size: the type was integer and is string": (_, schemas) => (schemas.ThingInput.properties.size = { type: "string" }),
};

for (const [sentence, change] of Object.entries(BREAKING)) {
  test(`breaking: ${sentence}`, () => {
    const found = changed(change);
    assert(found.some((it) => it.includes(sentence)), `not among ${JSON.stringify(found, null, 1)}`);
  });
}

const ADDITIVE = {
  nothing: () => {},
  "a path": (now) => (now.paths["/other"] = { get: { responses: {} } }),
  "an operation": (_, __, path) => (path.delete = { responses: {} }),
  "a parameter": (_, __, path) => path.get.parameters.push({ name: "q", in: "query", schema: { type: "string" } }),
  "a header that is read no longer": (_, __, path) => path.get.parameters.pop(),
  "a wider bound": (_, __, path) => (path.get.parameters[1].schema.maximum = 500),
  "no bound": (_, __, path) => delete path.get.parameters[1].schema.maximum,
  "a status": (_, __, path) => (path.get.responses[429] = { $ref: "#/components/responses/Bad" }),
  "a media type": (_, __, path) => (path.get.responses[200].content["text/x"] = {}),
  "a member of an answer": (_, schemas) => (schemas.Thing.properties.more = { type: "string" }),
  "a member that is always there": (_, schemas) => {
    schemas.Thing.required.push("size");
    schemas.ThingInput.properties.parts = { type: "array" };
  },
  "a member that may be written": (_, schemas) => (schemas.ThingInput.properties.more = { type: "string" }),
  "a value": (_, schemas) => (schemas.Kind.enum = ["a", "b", "c"]),
  "a kind that may be written": (_, schemas) => schemas.ThingInput.properties.party.oneOf.push({ type: "string" }),
  "no account needed": (_, __, path) => (path.post.security = []),
  "a body that may be left out": (_, __, path) => (path.post.requestBody.required = false),
  "another description": (_, schemas) => (schemas.Thing.description = "A thing."),
  "a reference written out": (_, schemas) => (schemas.Thing.properties.kind = { allOf: [{ $ref: "#/components/schemas/Kind" }], description: "…" }),
  "null may be written": (_, schemas) => (schemas.ThingInput.properties.size = { oneOf: [schemas.ThingInput.properties.size, { type: "null" }] }),
  "a whole number is a number": (_, schemas) => (schemas.ThingInput.properties.size = { type: "number" }),
};

for (const [name, change] of Object.entries(ADDITIVE)) {
  test(`additive: ${name}`, () => assert.deepEqual(changed(change), []));
}

// A repository with a release and a change after it.
const RUN = fileURLToPath(new URL("run.mjs", import.meta.url));

function repository(use) {
  const root = mkdtempSync(join(tmpdir(), "vku-breaking-"));
  const home = join(root, "home");
  const git = (...words) => execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", ...words], { cwd: home, stdio: "pipe" });
  const write = (value) => writeFileSync(join(home, "openapi.json"), JSON.stringify(value));
  const commit = () => (git("add", "."), git("commit", "-qm", "x"));
  const run = (cwd = home) => {
    try {
      return { status: 0, text: execFileSync("node", [RUN, "openapi.json"], { cwd, encoding: "utf8", stdio: "pipe" }) };
    } catch (error) {
      return { status: error.status, text: error.stderr };
    }
  };
  try {
    mkdirSync(home);
    git("init", "-q");
    write(document());
    commit();
    use({ root, home, git, write, commit, run });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const without = () => ({ ...document(), paths: {} });

test("the last release counts, and only what leads to here", () => repository(({ git, write, run, commit }) => {
  assert.deepEqual(run(), { status: 0, text: "There is no release (tag v*) yet: compared with nothing.\n" });
  git("tag", "v1.0.0");
  assert.deepEqual(run(), { status: 0, text: "Nothing breaks who uses v1.0.0.\n" });
  write(without());
  assert.deepEqual(run(), { status: 1, text: "Who uses v1.0.0 could no longer:\n  /things: the path is gone\n" });
  commit();
  git("tag", "v2.0.0");
  assert.equal(run().status, 0);
}));

test("a shallow clone asks for the tags, or says that it cannot know", () => repository(({ root, home, git, write, commit, run }) => {
  const shallow = (name) => {
    const clone = join(root, name);
    execFileSync("git", ["clone", "-q", "--depth=1", "--no-tags", `file://${home}`, clone], { stdio: "pipe" });
    return clone;
  };
  assert.match(run(shallow("none")).text, /no release/);
  git("tag", "v1.0.0");
  write(without());
  commit();
  const clone = shallow("one");
  assert.match(run(clone).text, /could no longer:\n {2}\/things: the path is gone/);
  const cut = shallow("cut");
  execFileSync("git", ["remote", "remove", "origin"], { cwd: cut });
  const told = run(cut);
  assert.equal(told.status, 1);
  assert.match(told.text, /shallow.*\nFetch the tags/);
}));
