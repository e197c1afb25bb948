import { expect, it } from "vitest";

import { answers } from "../test/server";
import { accessToken, chooseAccess } from "./access";
import { showReference, tokenOf, withToken } from "./swagger";

const server = answers();
const DOCUMENT = {
  openapi: "3.1.0",
  info: { title: "Roost", version: "2.0.0", description: "Says **what**." },
  tags: [{ name: "Posts" }, { name: "Users" }],
  paths: {
    "/v2/posts": {
      post: { operationId: "createPost", tags: ["Posts"], summary: "Write a post", responses: {} },
    },
    "/v2/posts/{id}": {
      get: { operationId: "getPost", tags: ["Posts"], summary: "Read a post", responses: {} },
    },
    "/v2/users": {
      post: { operationId: "join", tags: ["Users"], summary: "Join", responses: {} },
    },
  },
};
const shown = (element: HTMLElement) =>
  [...element.querySelectorAll(".opblock-summary-description")].map((each) => each.textContent);

it("shows the operations of a document, and those that match a phrase", async () => {
  server.on("GET /v2/openapi.json", () => Response.json(DOCUMENT));
  const element = document.body.appendChild(document.createElement("div"));
  const system = showReference(element, "/v2/openapi.json");
  await expect.poll(() => shown(element), { timeout: 30_000 }).toEqual(["Write a post", "Read a post", "Join"]);
  expect(element.querySelector(".authorize, .filter-container, .servers")).toBeNull();

  system.layoutActions.updateFilter("READ a");
  await expect.poll(() => shown(element)).toEqual(["Read a post"]);
  system.layoutActions.updateFilter("/v2/users");
  await expect.poll(() => shown(element)).toEqual(["Join"]);
  system.layoutActions.updateFilter("");
  await expect.poll(() => shown(element)).toHaveLength(3);
  element.remove();
});

it("sends a request that is tried with the chosen token, but not the request for the document", async () => {
  chooseAccess({ as: "token", token: "pasted" });
  const request = { url: "/v2/users/me", headers: { accept: "application/json" } };
  expect(await withToken(request)).toEqual({
    ...request,
    headers: { accept: "application/json", Authorization: "Bearer pasted" },
  });
  expect(await withToken({ ...request, loadSpec: true })).toEqual({ ...request, loadSpec: true });
});

it("goes on with the token of a session that was begun by trying", async () => {
  chooseAccess({ as: "stranger" });
  tokenOf({ url: "/v2/sessions", status: 401, body: { access_token: "refused" } });
  expect(await accessToken()).toBeUndefined();
  tokenOf({ url: "/v2/sessions", status: 201, body: { access_token: "begun" } });
  expect(await accessToken()).toBe("begun");
});
