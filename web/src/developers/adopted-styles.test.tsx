import { render } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { styleSingleton } from "./adopted-styles";

class Sheet {
  text = "";
  replaceSync(text: string) {
    this.text = text;
  }
}

const adopted = () => (document.adoptedStyleSheets as unknown as Sheet[]).map(({ text }) => text);

beforeEach(() => {
  vi.stubGlobal("CSSStyleSheet", Sheet);
  Object.defineProperty(document, "adoptedStyleSheets", { value: [], writable: true, configurable: true });
});

it("adopts one sheet for all that show it, and drops it with the last", () => {
  const Style = styleSingleton();
  const first = render(<Style styles="body { overflow: hidden }" />);
  const second = render(<Style styles="body { overflow: hidden }" />);
  expect(adopted()).toEqual(["body { overflow: hidden }"]);
  first.unmount();
  expect(adopted()).toHaveLength(1);
  second.unmount();
  expect(adopted()).toEqual([]);
  expect(document.querySelector("style")).toBeNull();
});
