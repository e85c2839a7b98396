// Uses the API with openapi-fetch and the types that openapi-typescript generates from the document: signs in, lists,
// reads, changes, and reads a problem. Takes the URL of a server with demo data.

import createClient from "openapi-fetch";
import type { components, paths } from "../../../target/clients/openapi";

type Problem = components["schemas"]["Problem"];

const id = "gelsenwasser-lukanga";

function assert(fact: boolean, otherwise: string): asserts fact {
  if (!fact) throw new Error(otherwise);
}

const refused = (problem: Problem | undefined) => `${problem?.status} ${problem?.code}: ${problem?.detail}`;

export async function use(base: string): Promise<void> {
  const api = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: base });
  const list = await api.GET("/api/v1/partnerships", {
    params: { query: { country: ["ZM"], status: ["active", "unknown"], count: true } },
    // As the document declares it: the parameter is repeated for each value.
    querySerializer: { array: { style: "form", explode: true } },
  });
  assert(list.data !== undefined, refused(list.error));
  console.log(`partnerships with Zambia: ${list.data.total}`);
  for (const it of list.data.items) console.log(`  ${it.slug}: ${it.title}`);
  assert(list.data.items.length > 0 && list.data.items.every((it) => it.countries.includes("ZM")), "not what was asked for");

  const body = { email: "coordinator@demo.example", password: "demo-partnerships" };
  const tokens = await api.POST("/api/v1/auth/token", { body });
  assert(tokens.data !== undefined, refused(tokens.error));
  const token = tokens.data.access_token;
  api.use({ onRequest: ({ request }) => void request.headers.set("Authorization", `Bearer ${token}`) });

  const one = await api.GET("/api/v1/partnerships/{id}", { params: { path: { id } } });
  assert(one.data !== undefined, refused(one.error));
  const tag = one.response.headers.get("ETag") ?? "";
  console.log(`${one.data.title} since ${one.data.start}, version ${one.data.version}`);

  const change = (end: string | null) =>
    api.PATCH("/api/v1/partnerships/{id}", { params: { path: { id }, header: { "If-Match": tag } }, body: { end } });
  const changed = await change("2030");
  assert(changed.data !== undefined, refused(changed.error));
  console.log(`ends ${changed.data.end}, version ${changed.data.version}`);
  assert(changed.data.end === "2030" && changed.data.version === one.data.version + 1, "not what was sent");

  const stale = await change(null);
  assert(stale.error !== undefined, "the old tag was taken");
  console.log(refused(stale.error));
  assert(stale.response.status === 412 && stale.error.code === "precondition_failed", "another problem");
}
