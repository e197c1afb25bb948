"use strict";

const by = (id) => document.getElementById(id);
const SCHEMA = `{ __schema { types { kind name description
  fields(includeDeprecated: true) { name description deprecationReason
    args { name type { ...T } } type { ...T } }
  inputFields { name description type { ...T } }
  enumValues { name description } possibleTypes { name } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

async function ask(query, variables) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json, application/problem+json" };
  const token = by("token").value.trim();
  if (token) headers.authorization = `Bearer ${token}`;
  return fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
}

async function run() {
  const began = performance.now();
  by("status").textContent = "…";
  try {
    const answer = await ask(by("document").value, JSON.parse(by("variables").value || "{}"));
    by("answer").textContent = JSON.stringify(await answer.json(), null, 2);
    by("status").textContent = `${answer.status}, ${Math.round(performance.now() - began)} ms`;
  } catch (error) {
    by("status").textContent = "";
    by("answer").textContent = String(error);
  }
}

const named = (type) => type.kind === "NON_NULL" ? `${named(type.ofType)}!`
  : type.kind === "LIST" ? `[${named(type.ofType)}]` : type.name;

function entry(name, about) {
  const term = document.createElement("dt");
  term.textContent = name;
  const text = document.createElement("dd");
  text.textContent = about || "";
  return [term, text];
}

function shown(type) {
  const box = document.createElement("details");
  const title = document.createElement("summary");
  title.textContent = type.name;
  const about = document.createElement("p");
  about.textContent = type.description || "";
  const list = document.createElement("dl");
  for (const field of type.fields || []) {
    const args = field.args.map((each) => `${each.name}: ${named(each.type)}`).join(", ");
    const line = `${field.name}${args ? `(${args})` : ""}: ${named(field.type)}`;
    const gone = field.deprecationReason ? ` Deprecated: ${field.deprecationReason}` : "";
    list.append(...entry(line, `${field.description || ""}${gone}`));
  }
  for (const field of type.inputFields || []) list.append(...entry(`${field.name}: ${named(field.type)}`, field.description));
  for (const value of type.enumValues || []) list.append(...entry(value.name, value.description));
  for (const each of type.possibleTypes || []) list.append(...entry(each.name, ""));
  box.append(title, about, list);
  return box;
}

async function describe() {
  const answer = await (await ask(SCHEMA, {})).json();
  if (!answer.data) {
    by("schema").textContent = "The schema cannot be had here; it is gateway/graphql/schema.graphql.";
    return;
  }
  const first = ["Query", "Mutation", "Subscription"];
  const types = answer.data.__schema.types.filter((each) => !each.name.startsWith("__"));
  types.sort((a, b) => (first.indexOf(b.name) - first.indexOf(a.name)) || a.name.localeCompare(b.name));
  by("schema").replaceChildren(...types.map(shown));
}

by("run").addEventListener("click", run);
document.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(); });
by("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const box of by("schema").children) box.hidden = !box.textContent.toLowerCase().includes(wanted);
});
describe();
