import { afterEach, expect, it, vi } from "vitest";

import { installTrustedHtml, sanitized } from "./trusted-html";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("keeps the markup of a description", () => {
  const text = '<p>Read <code>limit</code>: <a href="/docs">more</a>.</p>';
  expect(sanitized(text)).toBe(text);
});

it("removes what runs, sends or restyles the page", () => {
  const clean = sanitized(
    '<p style="position:fixed" onclick="go()">a</p><script>go()</script><style>*{}</style>' +
      '<form action="/v2"><input name="x"></form><img src="x" onerror="go()"><a href="javascript:go()">b</a>',
  );
  expect(clean).not.toMatch(/style|onclick|script|form|onerror/);
  expect(clean).toContain("<p>a</p>");
});

it("gives the browser rules for HTML alone", () => {
  const policies = new Map<string, Record<string, (text: string) => string>>();
  vi.stubGlobal("trustedTypes", {
    createPolicy: (name: string, rules: Record<string, (text: string) => string>) => {
      policies.set(name, rules);
      return rules;
    },
  });
  installTrustedHtml();
  expect([...policies.keys()]).toEqual(["roost-html", "default"]);
  expect(Object.keys(policies.get("default") ?? {})).toEqual(["createHTML"]);
  expect(policies.get("default")?.["createHTML"]?.("<b>a</b><script>go()</script>")).toBe("<b>a</b>");
  expect(() => policies.get("roost-html")?.["createScriptURL"]?.("/a.js")).toThrow(TypeError);
});
