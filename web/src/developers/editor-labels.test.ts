import { afterEach, expect, it } from "vitest";

import { labelEditors } from "./editor-labels";

let end = () => {};
afterEach(() => {
  end();
  document.body.replaceChildren();
});

const names = () => [...document.querySelectorAll("textarea")].map((each) => each.getAttribute("aria-label"));
const editor = (name: string) =>
  `<section aria-label="${name}"><div class="CodeMirror"><textarea></textarea></div></section>`;

it("names the editors that are there, and those that come later", async () => {
  document.body.innerHTML = `${editor("Query Editor")}<div class="CodeMirror"><textarea></textarea></div>`;
  end = labelEditors(document.body);
  expect(names()).toEqual(["Query Editor", null]);

  document.body.insertAdjacentHTML("beforeend", editor("Variables"));
  await expect.poll(names).toEqual(["Query Editor", null, "Variables"]);
});
