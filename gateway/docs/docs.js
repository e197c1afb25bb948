// Shows the API's OpenAPI document, and lets one try a call. Everything is built as elements, never
// as HTML text, so that nothing in the document or in an answer can become script.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;
/** Where the document of the chosen version is; the newest unless the address says another. */
let source;

/** Makes an element: el("a", {href: "#x", class: "y"}, "text", child…). */
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return made;
}

/** The little Markdown of descriptions: `code`, **bold**, and blank lines between paragraphs. */
function prose(text) {
  return (text || "").split(/\n\n+/).filter(Boolean).map((paragraph) =>
    el("p", {}, paragraph.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
      if (part.startsWith("`")) return el("code", {}, part.slice(1, -1));
      if (part.startsWith("**")) return el("strong", {}, part.slice(2, -2));
      return part;
    })));
}

/** Follows a $ref. */
function resolve(value) {
  if (!value || !value.$ref) return value || {};
  return value.$ref.slice(2).split("/").reduce((place, step) => place[step], api);
}

function nameOf(schema) {
  return schema.$ref ? schema.$ref.split("/").pop() : "";
}

/** What a schema takes, in a few words. */
function kindOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(" | ");
  if (schema.type === "array") return `${kindOf(schema.items || {})}[]`;
  const limits = [];
  if (schema.format) limits.push(schema.format);
  if (schema.minLength !== undefined || schema.maxLength !== undefined)
    limits.push(`${schema.minLength || 0}–${schema.maxLength ?? "…"} long`);
  if (schema.minimum !== undefined && schema.maximum !== undefined)
    limits.push(`${schema.minimum}–${schema.maximum}`);
  if (schema.default !== undefined && schema.default !== "") limits.push(`default ${schema.default}`);
  return [schema.type || "any", ...limits].join(", ");
}

/** The object schemas that a schema leads to: itself, its items, its alternatives. */
function objectsIn(schema) {
  const found = resolve(schema);
  if (found.properties) return [[nameOf(schema), found]];
  if (found.items) return objectsIn(found.items);
  return (found.anyOf || []).flatMap(objectsIn);
}

/** The members of an object, each with its kind; inner objects unfold. */
function tree(schema, seen = []) {
  return objectsIn(schema).map(([name, found]) => el("div", { class: "tree" },
    Object.entries(found.properties).map(([member, inner]) => {
      const below = objectsIn(inner).filter(([each]) => !seen.includes(each));
      const line = [
        el("code", {}, member), " ",
        el("span", { class: "kind" }, kindOf(inner)),
        (found.required || []).includes(member) ? "" : el("span", { class: "kind" }, " optional"),
        inner.description ? ` — ${inner.description}` : "",
      ];
      if (!below.length) return el("div", {}, line);
      const inside = el("details", {}, el("summary", {}, el("span", {}, line)));
      inside.addEventListener("toggle", () => {
        if (inside.children.length === 1) inside.append(...tree(inner, [...seen, name]));
      });
      return inside;
    })));
}

/** A value that fits a schema, to start from. */
function example(schema, depth = 0) {
  const found = resolve(schema);
  if (found.examples) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  if (found.anyOf) return example(found.anyOf[0], depth);
  if (found.type === "object" && depth < 3) {
    const members = Object.entries(found.properties || {});
    const wanted = members.filter(([name]) => (found.required || []).includes(name));
    return Object.fromEntries((wanted.length ? wanted : members)
      .map(([name, inner]) => [name, example(inner, depth + 1)]));
  }
  return { string: "", integer: 0, boolean: false, array: [] }[found.type] ?? null;
}

function parametersOf(operation) {
  return (operation.parameters || []).map(resolve);
}

function parameterTable(operation) {
  const rows = parametersOf(operation).map((each) => el("tr", {},
    el("td", {}, each.name, each.required ? el("span", { class: "must", title: "required" }, " *") : ""),
    el("td", {}, el("span", { class: "kind" }, each.in)),
    el("td", {}, prose(each.description), el("span", { class: "kind" }, kindOf(each.schema)))));
  return rows.length ? [el("h4", {}, "Parameters"), el("table", {}, el("tbody", {}, rows))] : [];
}

/** What comes back when all goes well. */
function success([status, given]) {
  const found = resolve(given);
  const schema = Object.values(found.content || {})[0]?.schema;
  const names = Object.keys(found.headers || {});
  return el("details", {},
    el("summary", {}, el("span", { class: "status ok" }, status), el("span", {}, found.description)),
    names.length ? el("p", { class: "kind" }, `Headers: ${names.join(", ")}`) : "",
    schema ? [el("p", {}, el("code", {}, kindOf(schema))), tree(schema)] : "");
}

/** All that may go wrong, in one fold: most of it is the same for every operation. */
function refusals(responses) {
  const rows = responses.map(([status, given]) => el("div", { class: "refusal" },
    el("span", { class: "status bad" }, status),
    el("span", { class: "reasons" }, (resolve(given)["x-reasons"] || []).map((reason) =>
      el("a", { href: `#problem-${reason}` }, el("code", {}, reason))))));
  return el("details", {},
    el("summary", {}, el("span", { class: "status bad" }, "4xx"),
      el("span", {}, "A problem, with one of these reasons.")),
    rows);
}

/** The form that sends a call, and shows what comes back. */
function tryForm(method, path, operation) {
  const fields = parametersOf(operation).map((each) => {
    const input = el("input", { placeholder: each.example || kindOf(each.schema), "aria-label": each.name, autocomplete: "off" });
    return { each, input };
  });
  const schema = operation.requestBody?.content["application/json"].schema;
  const text = schema && el("textarea", { "aria-label": "Body", spellcheck: "false" });
  if (text) text.value = JSON.stringify(example(schema), null, 2);
  const output = el("output", {});
  const form = el("form", { class: "try" },
    fields.map(({ each, input }) => el("label", { class: "row" }, el("code", {}, each.name), input)),
    text, el("button", {}, "Send"), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    output.replaceChildren(el("p", { class: "kind" }, "Sending…"));
    try {
      output.replaceChildren(...await send(method, path, fields, text));
    } catch (error) {
      output.replaceChildren(el("p", { class: "bad" }, String(error)));
    }
  });
  return el("details", {}, el("summary", {}, "Try it"), form);
}

async function send(method, path, fields, text) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const { each, input } of fields) {
    if (each.in === "path") address = address.replace(`{${each.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (each.in === "query") query.set(each.name, input.value);
    else headers[each.name] = input.value;
  }
  const token = document.getElementById("token");
  if (token.value) headers.authorization = `Bearer ${token.value.trim()}`;
  if (text) headers["content-type"] = "application/json";
  const started = performance.now();
  const answer = await fetch(address + (query.size ? `?${query}` : ""), {
    method: method.toUpperCase(), headers, body: text ? text.value : undefined,
    cache: "no-store", credentials: "omit",
  });
  const body = await answer.text();
  const took = Math.round(performance.now() - started);
  let shown = body;
  try {
    const value = JSON.parse(body);
    if (value.access_token) token.value = value.access_token;
    shown = JSON.stringify(value, null, 2);
  } catch { /* not JSON: shown as it is */ }
  const listed = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    el("p", {}, el("span", { class: `status ${answer.ok ? "ok" : "bad"}` }, `${answer.status} `),
      el("span", { class: "kind" }, `${took} ms`)),
    el("details", {}, el("summary", {}, "Headers"), el("pre", {}, listed)),
    shown ? el("pre", {}, shown) : "",
  ];
}

function article(method, path, operation) {
  const open = (operation.security || []).some((each) => !Object.keys(each).length);
  const schema = operation.requestBody?.content["application/json"].schema;
  return el("article", { id: operation.operationId, class: method },
    el("header", {},
      el("h3", {}, operation.summary),
      el("div", { class: "line" },
        el("span", { class: "method" }, method.toUpperCase()),
        el("span", { class: "path" }, path),
        el("span", { class: "badge" }, open ? "open to strangers" : "signed in"),
        operation.deprecated ? el("span", { class: "badge" }, "deprecated") : "")),
    el("div", { class: "body" },
      prose(operation.description),
      parameterTable(operation),
      schema ? [el("h4", {}, "Body"), tree(schema)] : "",
      el("h4", {}, "Answers"),
      Object.entries(operation.responses).filter(([status]) => status < 400).map(success),
      refusals(Object.entries(operation.responses).filter(([status]) => status >= 400)),
      tryForm(method, path, operation)));
}

function problemTable() {
  const rows = Object.entries(api["x-problems"])
    .sort(([a, x], [b, y]) => x.status - y.status || a.localeCompare(b))
    .map(([reason, each]) => el("tr", { id: `problem-${reason}` },
      el("td", {}, reason), el("td", {}, String(each.status)), el("td", {}, each.title)));
  return el("section", { id: "problems" }, el("h2", {}, "Problems"),
    el("p", { class: "lead" }, "Every reason for a refusal, with its status."),
    el("table", {}, el("tbody", {}, rows)));
}

function show() {
  document.title = `${api.info.title} API`;
  const content = document.getElementById("content");
  const nav = document.getElementById("nav");
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ method, path, operation: item[method] })));
  content.replaceChildren(el("section", { id: "top" }, el("h1", {}, api.info.summary),
    prose(api.info.description),
    el("p", {}, "The document itself: ", el("a", { href: source }, source),
      "; that of the stream (AsyncAPI): ", el("a", { href: "/v1/asyncapi.json" }, "/v1/asyncapi.json"))));
  nav.replaceChildren(el("a", { class: "plain", href: "#top" }, "Overview"));
  for (const tag of api.tags) {
    const mine = operations.filter(({ operation }) => operation.tags.includes(tag.name));
    nav.append(el("div", {}, el("h2", {}, tag.name), mine.map(({ method, path, operation }) =>
      el("a", { href: `#${operation.operationId}`, class: method, title: path },
        el("span", { class: "method" }, method.toUpperCase()), el("span", {}, operation.summary)))));
    content.append(el("section", {}, el("h2", {}, tag.name), el("p", { class: "lead" }, tag.description),
      mine.map(({ method, path, operation }) => article(method, path, operation))));
  }
  nav.append(el("a", { class: "plain", href: "#problems" }, "Problems"));
  content.append(problemTable());
}

/** Leaves only the operations whose path, summary or name holds what was typed. */
function filter(text) {
  const wanted = text.trim().toLowerCase();
  for (const each of document.querySelectorAll("article")) {
    const head = each.querySelector("header").textContent.toLowerCase() + each.id.toLowerCase();
    const hidden = wanted !== "" && !head.includes(wanted);
    each.classList.toggle("gone", hidden);
    document.querySelector(`#nav a[href="#${each.id}"]`)?.classList.toggle("gone", hidden);
  }
}

function arrive() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) target.scrollIntoView({ behavior: "instant" });
  for (const each of document.querySelectorAll("#nav a")) {
    if (each.getAttribute("href") === location.hash) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

function listen() {
  const menu = document.getElementById("menu");
  const nav = document.getElementById("nav");
  const search = document.getElementById("filter");
  const toggle = (open) => {
    nav.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(nav.classList.contains("open")));
  };
  menu.addEventListener("click", () => toggle());
  nav.addEventListener("click", () => toggle(false));
  search.addEventListener("input", () => filter(search.value));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea)$/i.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  window.addEventListener("hashchange", arrive);
}

/** Settles which version is shown, among those that the page offers. */
function choose() {
  const choice = document.getElementById("version");
  const wanted = new URLSearchParams(location.search).get("version");
  if ([...choice.options].some((each) => each.value === wanted)) choice.value = wanted;
  source = `/v${choice.value}/openapi.json`;
  choice.addEventListener("change", () => { location.search = `?version=${choice.value}`; });
}

async function start() {
  choose();
  try {
    api = await (await fetch(source)).json();
  } catch (error) {
    document.getElementById("content").replaceChildren(
      el("p", { class: "loading" }, `The document could not be loaded: ${error}`));
    return;
  }
  show();
  listen();
  arrive();
}

start();
