// Finds breaking changes of a schema: `written` schemas have to accept all values that they accepted, `read` ones may
// not have values that they did not have. Descriptions do not count. A new enum value in a response is no breaking
// change, as documented.

const LOWER_BOUNDS = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
const UPPER_BOUNDS = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];

/** Resolves references, and merges `allOf` and what stands beside a reference. */
export function resolved(document, schema) {
  if (schema === undefined || schema === true) return {};
  if (schema === false) return { not: {} };
  const parts = [...(schema.allOf ?? [])];
  if (schema.$ref !== undefined) parts.unshift(target(document, schema.$ref));
  if (parts.length === 0) return schema;
  const { $ref, allOf, ...own } = schema;
  return [...parts.map((part) => resolved(document, part)), own].reduce((all, part) => ({
    ...all,
    ...part,
    ...(all.properties || part.properties ? { properties: { ...all.properties, ...part.properties } } : {}),
    ...(all.required || part.required ? { required: [...(all.required ?? []), ...(part.required ?? [])] } : {}),
  }));
}

/** The target of a reference. */
export function target(document, reference) {
  const names = reference.slice(2).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  return names.reduce((value, name) => value?.[name], document) ?? {};
}

const types = (schema) => {
  const named = schema.type === undefined ? undefined : [schema.type].flat();
  // Every integer is a number.
  return named?.includes("number") ? [...named, "integer"] : named;
};
const values = (schema) => (schema.const !== undefined ? [schema.const] : schema.enum);
const choices = (schema) => schema.oneOf ?? schema.anyOf;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * The breaks between two schemas, as sentences that begin with `at`.
 * @param {{ old: object, new: object, written: boolean }} side documents, and which way the value goes
 */
export function schemaBreaks(side, before, after, at, seen = new Set()) {
  // A schema may contain itself.
  const key = before?.$ref && after?.$ref && `${before.$ref} ${after.$ref}`;
  if (key && seen.has(key)) return [];
  const inside = key ? new Set([...seen, key]) : seen;
  const [old, now] = [resolved(side.old, before), resolved(side.new, after)];
  const [oldChoices, newChoices] = [choices(old), choices(now)];
  if (oldChoices || newChoices) return choiceBreaks(side, old, now, at, inside);
  return [
    ...typeBreaks(side, old, now, at),
    ...(side.written ? boundBreaks(old, now, at) : []),
    ...memberBreaks(side, old, now, at, inside),
    ...(old.items || now.items ? schemaBreaks(side, old.items, now.items, `${at}[]`, inside) : []),
  ];
}

function typeBreaks({ written }, old, now, at) {
  const breaks = [];
  // A request may accept more types than before, a response may have fewer.
  const [wide, narrow] = written ? [types(now), types(old)] : [types(old), types(now)];
  if (wide && !(narrow ?? [undefined]).every((type) => wide.includes(type))) {
    breaks.push(`${at}: the type was ${types(old)?.join(", ") ?? "any"} and is ${types(now)?.join(", ") ?? "any"}`);
  }
  const [allowed, given] = [values(now), values(old)];
  if (written && allowed) {
    const gone = given?.filter((value) => !allowed.some((it) => same(it, value)));
    if (!given) breaks.push(`${at}: takes some values only, where it took any`);
    else if (gone.length > 0) breaks.push(`${at}: no longer takes ${gone.map((value) => JSON.stringify(value)).join(", ")}`);
  }
  if (!written && given && !allowed) breaks.push(`${at}: was one of some values, and may be any`);
  if (old.format !== now.format && (written ? now.format : old.format)) {
    breaks.push(`${at}: the format was ${old.format ?? "any"} and is ${now.format ?? "any"}`);
  }
  return breaks;
}

function boundBreaks(old, now, at) {
  const narrower = [
    ...LOWER_BOUNDS.filter((name) => now[name] !== undefined && !(old[name] >= now[name]) && !(now[name] === 0 && name.length > 8)),
    ...UPPER_BOUNDS.filter((name) => now[name] !== undefined && !(old[name] <= now[name])),
    ...(now.uniqueItems && !old.uniqueItems ? ["uniqueItems"] : []),
    ...(now.pattern !== undefined && now.pattern !== old.pattern ? ["pattern"] : []),
  ];
  return narrower.map((name) => `${at}: \`${name}\` was ${old[name] ?? "not there"} and is ${now[name]}`);
}

function memberBreaks(side, old, now, at, seen) {
  const [oldMembers, newMembers] = [old.properties ?? {}, now.properties ?? {}];
  const [oldRequired, newRequired] = [new Set(old.required), new Set(now.required)];
  const breaks = [];
  for (const name of Object.keys(oldMembers)) {
    if (!(name in newMembers)) {
      // If additional properties are allowed, the removed one is not refused.
      if (!side.written || now.additionalProperties === false) breaks.push(`${at}: \`${name}\` is gone`);
    } else {
      breaks.push(...schemaBreaks(side, oldMembers[name], newMembers[name], `${at}.${name}`, seen));
    }
  }
  if (side.written) {
    const added = [...newRequired].filter((name) => !oldRequired.has(name));
    breaks.push(...added.map((name) => `${at}: \`${name}\` is required now`));
  } else {
    const gone = [...oldRequired].filter((name) => name in newMembers && !newRequired.has(name));
    breaks.push(...gone.map((name) => `${at}: \`${name}\` was always there, and may be absent`));
  }
  const [oldRest, newRest] = [old.additionalProperties ?? true, now.additionalProperties ?? true];
  if (side.written && newRest === false && oldRest !== false) breaks.push(`${at}: no longer takes other members`);
  if (typeof oldRest === "object" && typeof newRest === "object") {
    breaks.push(...schemaBreaks(side, oldRest, newRest, `${at}.*`, seen));
  }
  return breaks;
}

/** Each choice on the side that has to fit needs a choice on the other side that it fits. */
function choiceBreaks(side, old, now, at, seen) {
  const [from, to] = [choices(old) ?? [old], choices(now) ?? [now]];
  const fits = (before, after) => schemaBreaks(side, before, after, at, seen).length === 0;
  if (from.length === 1 && to.length === 1) return schemaBreaks(side, from[0], to[0], at, seen);
  const lost = side.written
    ? from.filter((before) => !to.some((after) => fits(before, after)))
    : to.filter((after) => !from.some((before) => fits(before, after)));
  const label = (schema) => schema.$ref?.split("/").pop() ?? schema.title ?? schema.type ?? "schema";
  return lost.map((schema) => `${at}: ${side.written ? "no longer takes" : "may be, as it never was,"} one of its kinds (${label(schema)})`);
}
