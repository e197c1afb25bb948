import { afterEach, expect, it, vi } from "vitest";

import { completeEditors } from "./editors";

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
  end = completeEditors(document.body);
  expect(names()).toEqual(["Query Editor", null]);

  document.body.insertAdjacentHTML("beforeend", editor("Variables"));
  await expect.poll(names).toEqual(["Query Editor", null, "Variables"]);
});

it("lets the line numbers of an editor move with its text, once", async () => {
  const setOption = vi.fn();
  document.body.innerHTML = editor("Query Editor");
  Object.assign(document.querySelector(".CodeMirror")!, { CodeMirror: { setOption } });
  end = completeEditors(document.body);
  document.body.insertAdjacentHTML("beforeend", editor("Variables"));
  await expect.poll(names).toEqual(["Query Editor", "Variables"]);

  expect(setOption).toHaveBeenCalledExactlyOnceWith("fixedGutter", false);
});
