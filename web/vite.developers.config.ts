/** Builds the developers' pages into the folder that `vite build` has filled with the client. */

import { join } from "node:path";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

import { STYLES, TARGETS, withoutFonts } from "./tools/developers";

const page = (name: string) => join(import.meta.dirname, "docs", name);

export default defineConfig({
  plugins: [react(), withoutFonts()],
  publicDir: false,
  resolve: { alias: STYLES },
  build: {
    outDir: "dist",
    emptyOutDir: false,
    // Beside the assets of the client, so that its service worker does not keep them.
    assetsDir: "assets/developers",
    assetsInlineLimit: 0,
    cssTarget: TARGETS,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      input: [page("index.html"), page("graphql.html"), page("problems.html")],
    },
  },
});
