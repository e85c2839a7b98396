// Finds changes of the document that break its clients.

import { schemaBreaks, target } from "./schema.mjs";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

const followed = (document, part) => (part?.$ref ? target(document, part.$ref) : part);

/** The breaking changes between two documents, as sentences. Empty if clients of the old one can use the new one. */
export function breaks(old, now) {
  const found = [];
  for (const [path, before] of Object.entries(old.paths ?? {})) {
    const after = now.paths?.[path];
    if (!after) found.push(`${path}: the path is gone`);
    for (const method of after ? METHODS.filter((it) => before[it]) : []) {
      const at = `${method.toUpperCase()} ${path}`;
      if (!after[method]) found.push(`${at}: the operation is gone`);
      else found.push(...operationBreaks(old, now, operation(old, before, method), operation(now, after, method), at));
    }
  }
  return [...new Set(found)];
}

/** An operation, with the parameters of its path item included. */
function operation(document, item, method) {
  const parameters = [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map((it) => followed(document, it));
  const named = new Map(parameters.map((it) => [`${it.in} ${it.name}`, it]));
  return { security: document.security, ...item[method], parameters: named };
}

function operationBreaks(old, now, before, after, at) {
  const found = [];
  if (before.operationId !== after.operationId) {
    found.push(`${at}: the operationId was ${before.operationId} and is ${after.operationId}`);
  }
  const free = (security) => !security || security.length === 0 || security.some((it) => Object.keys(it).length === 0);
  if (free(before.security) && !free(after.security)) found.push(`${at}: asks for credentials now`);
  found.push(...parameterBreaks({ old, new: now, written: true }, before.parameters, after.parameters, at));
  found.push(...bodyBreaks({ old, new: now, written: true }, before.requestBody, after.requestBody, at));
  for (const [status, answer] of Object.entries(before.responses ?? {})) {
    if (after.responses?.[status]) {
      found.push(...answerBreaks({ old, new: now, written: false }, answer, after.responses[status], `${at} ${status}`));
    } else found.push(`${at}: the status ${status} is gone`);
  }
  return found;
}

function parameterBreaks(side, before, after, at) {
  const found = [];
  for (const [name, parameter] of before) {
    const now = after.get(name);
    // Clients may still send a header that is no longer read, but an unknown query parameter is refused.
    if (!now && parameter.in !== "header") found.push(`${at}: the parameter \`${parameter.name}\` is gone`);
    if (!now) continue;
    const place = `${at} \`${parameter.name}\``;
    if (now.required && !parameter.required) found.push(`${place}: is required now`);
    const form = (it) => [it.style ?? (it.in === "query" ? "form" : "simple"), it.explode ?? it.in === "query"].join();
    if (form(now) !== form(parameter)) found.push(`${place}: is written in another way`);
    found.push(...schemaBreaks(side, parameter.schema, now.schema, place));
  }
  for (const [name, parameter] of after) {
    if (parameter.required && !before.has(name)) found.push(`${at}: the parameter \`${parameter.name}\` is new and required`);
  }
  return found;
}

function bodyBreaks(side, before, after, at) {
  const [old, now] = [followed(side.old, before), followed(side.new, after)];
  if (old && !now) return [`${at}: takes no body any more`];
  const found = now?.required && !old?.required ? [`${at}: a body is required now`] : [];
  return old ? [...found, ...contentBreaks(side, old.content, now.content, `${at} body`)] : found;
}

function answerBreaks(side, before, after, at) {
  const [old, now] = [followed(side.old, before), followed(side.new, after)];
  const gone = Object.keys(old.headers ?? {}).filter((name) => !now.headers?.[name]);
  return [...gone.map((name) => `${at}: the header \`${name}\` is gone`), ...contentBreaks(side, old.content, now.content, at)];
}

function contentBreaks(side, before, after, at) {
  const found = [];
  for (const [name, media] of Object.entries(before ?? {})) {
    if (!after?.[name]) found.push(`${at}: the media type ${name} is gone`);
    else found.push(...schemaBreaks(side, media.schema, after[name].schema, at));
  }
  return found;
}
