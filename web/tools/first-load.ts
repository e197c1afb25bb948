/** Prints how much JavaScript the first page loads, and fails a build that loads too much. */

import { gzipSync } from "node:zlib";

import type { Plugin, Rollup } from "vite";

/** The largest first load in bytes of gzip. */
const LIMIT = 200_000;
/** The pages that a first visit shows, by their modules. */
const FIRST_PAGES = ["timelines/HomePage", "virtual:messages/en"];

export function firstLoad(): Plugin {
  return {
    name: "roost-first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file): file is Rollup.OutputChunk => file.type === "chunk");
      const loaded = new Set<string>();
      const load = (name: string) => {
        const chunk = bundle[name];
        if (loaded.has(name) || chunk?.type !== "chunk") return;
        loaded.add(name);
        chunk.imports.forEach(load);
      };
      for (const chunk of chunks) {
        const first = chunk.isEntry || FIRST_PAGES.some((page) => chunk.facadeModuleId?.includes(page));
        if (first) load(chunk.fileName);
      }
      const bytes = [...loaded].reduce((sum, name) => {
        const chunk = bundle[name] as Rollup.OutputChunk;
        return sum + gzipSync(chunk.code, { level: 9 }).length;
      }, 0);
      this.info(`First load: ${(bytes / 1000).toFixed(1)} kB of JavaScript (gzip) in ${loaded.size} files.`);
      if (bytes > LIMIT) this.error(`The first load is larger than ${LIMIT / 1000} kB.`);
    },
  };
}
