import { expect, it } from "vitest";

import { accessToken, chooseAccess } from "./access";
import { forTrying, showReference, tokenOf, withToken } from "./swagger";

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
  const element = document.body.appendChild(document.createElement("div"));
  const system = showReference(element, DOCUMENT);
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

it("sends a request that is tried with the chosen token", async () => {
  chooseAccess({ as: "token", token: "pasted" });
  const request = { url: "/v2/users/me", headers: { accept: "application/json" } };
  expect(await withToken(request)).toEqual({
    ...request,
    headers: { accept: "application/json", Authorization: "Bearer pasted" },
  });
});

it("goes on with the token of a session that was begun by trying", async () => {
  chooseAccess({ as: "stranger" });
  tokenOf({ url: "/v2/sessions", status: 401, body: { access_token: "refused" } });
  expect(await accessToken()).toBeUndefined();
  tokenOf({ url: "/v2/sessions", status: 201, body: { access_token: "begun" } });
  expect(await accessToken()).toBe("begun");
});

it("tries at this origin, and never sends the example of a key", () => {
  const document = {
    openapi: "3.1.0",
    servers: [{ url: "https://elsewhere.example" }],
    components: { parameters: { IdempotencyKey: { name: "Idempotency-Key", example: "1" }, Id: { example: "2" } } },
  };
  expect(forTrying(document)).toEqual({
    openapi: "3.1.0",
    servers: [{ url: location.origin }],
    components: { parameters: { IdempotencyKey: { name: "Idempotency-Key" }, Id: { example: "2" } } },
  });
  expect(document.components.parameters.IdempotencyKey.example).toBe("1");
});
