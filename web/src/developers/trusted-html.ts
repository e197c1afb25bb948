/**
 * The default policy of Trusted Types for the developers' pages.
 *
 * Their libraries write Markdown of our documents as HTML text. Each such text passes this
 * sanitizer. Scripts and addresses of scripts have no rule here, so the browser refuses them.
 */

import DOMPurify, { type Config } from "dompurify";

interface Policy {
  createHTML: (text: string) => string;
}

interface TrustedTypesFactory {
  createPolicy: (name: string, rules: Partial<Record<"createHTML" | "createScriptURL", (text: string) => string>>) => Policy;
}

/** Styles and forms have no place in a description. */
const CONFIG: Config = { FORBID_TAGS: ["style", "form"], FORBID_ATTR: ["style"] };

/** The HTML text without anything that runs or sends. */
export function sanitized(text: string, config: Config = {}): string {
  return DOMPurify.sanitize(text, { ...CONFIG, ...config });
}

/** Does nothing where the browser has no Trusted Types. */
export function installTrustedHtml(): void {
  const factory = (globalThis as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
  if (!factory) return;
  // DOMPurify parses the text before it cleans it. The parser takes trusted HTML only.
  const parsing = factory.createPolicy("roost-html", {
    createHTML: (text) => text,
    createScriptURL: () => {
      throw new TypeError("These pages load no scripts at run time.");
    },
  });
  const config = { TRUSTED_TYPES_POLICY: parsing as unknown as NonNullable<Config["TRUSTED_TYPES_POLICY"]> };
  factory.createPolicy("default", { createHTML: (text) => String(sanitized(text, config)) });
}

// Before any other module of the page writes HTML.
installTrustedHtml();
