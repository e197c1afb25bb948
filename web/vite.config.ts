import { readFileSync } from "node:fs";
import { join } from "node:path";

import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

import { STYLES, TARGETS, ownPage, withoutFonts } from "./tools/developers";
import { firstLoad } from "./tools/first-load";
import { messages } from "./tools/messages";

const EDGE = process.env["ROOST_EDGE"] ?? "http://127.0.0.1:8080";
const SOURCE = join(import.meta.dirname, "src");

export default defineConfig({
  plugins: [
    react(),
    messages(SOURCE),
    withoutFonts(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src/sw",
      filename: "sw.ts",
      outDir: "dist",
      injectRegister: null,
      injectManifest: { globPatterns: ["index.html", "assets/*.{js,css}", "icons/*.svg"] },
      manifest: {
        id: "/",
        name: "Roost",
        short_name: "Roost",
        description: "Posts from people whom you follow.",
        start_url: "/",
        scope: "/",
        display: "standalone",
        background_color: "#ffffff",
        theme_color: "#3f51d1",
        icons: [
          { src: "/icons/roost-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icons/roost-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icons/roost-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
          { src: "/icons/roost.svg", sizes: "any", type: "image/svg+xml" },
        ],
      },
    }),
    firstLoad(),
  ],
  resolve: {
    // Messages are parsed at build time. Tests have messages of their own.
    alias: process.env["VITEST"]
      ? {}
      : {
          ...STYLES,
          "@formatjs/icu-messageformat-parser": "@formatjs/icu-messageformat-parser/no-parser.js",
        },
  },
  build: { assetsInlineLimit: 0, cssTarget: TARGETS },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      (JSON.parse(readFileSync("api-paths.json", "utf8")) as string[]).map((path) => [
        path,
        { target: EDGE, changeOrigin: false, ws: true, bypass: ownPage },
      ]),
    ),
  },
  test: {
    environment: "jsdom",
    // A jsdom for each worker, and a context of its own for each file.
    pool: "vmThreads",
    testTimeout: 60_000,
    setupFiles: ["src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
  },
});
