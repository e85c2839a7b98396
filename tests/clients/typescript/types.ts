// The types that a TypeScript client gets from the document. If this does not compile, the document has lost something.

import type { components, operations } from "../../../target/clients/openapi";

type Schemas = components["schemas"];

// Required members need no check. Optional ones are `undefined`, never `null`.
export const label = (it: Schemas["Partnership"]): string => `${it.slug}: ${it.title}, ${it.end ?? "open end"}`;

export function leads(partnership: Schemas["Partnership"]): string[] {
  const parties = partnership.participants.filter((it) => it.role === "lead").map((it) => it.party);
  return parties.flatMap((party) => party.utility?.name ?? party.organisation?.name ?? []);
}

// Enumerations are closed, and filters are lists of their values.
export const query: operations["list_partnerships"]["parameters"]["query"] = {
  status: ["active", "unknown"],
  utility: ["hamburg-wasser"],
  limit: 10,
};

// @ts-expect-error: there is no such status
export const wrong: Schemas["PartnershipStatus"] = "actve";

// References are written as slugs, and amounts as strings.
export const funding: Schemas["FundingInput"] = {
  kind: "grant",
  programme: "betreiberplattform-2024-2027",
  amount: { amount: "125000.00", currency: "EUR" },
};

// `null` in a patch clears a member, or one language of a text.
export const patch: Schemas["PartnershipPatch"] = { end: null, summary: { de: null, en: "Less water lost" } };

// Every error response is a problem.
export const faults = (
  problem: operations["create_partnership"]["responses"][422]["content"]["application/problem+json"],
): string[] => (problem.errors ?? []).map((fault) => `${fault.pointer ?? fault.parameter}: ${fault.detail}`);
