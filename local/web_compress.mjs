// Writes FILE.br and FILE.gz beside the files of a build: node web_compress.mjs FOLDER. The gateway serves them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2];
const texts = /\.(css|html|js|json|svg|txt|webmanifest)$/;
// What is smaller fits into one packet either way.
const least = 512;

for (const name of readdirSync(folder, { recursive: true }).sort()) {
  const path = join(folder, name);
  if (!texts.test(path)) continue;
  const content = readFileSync(path);
  if (content.length < least) continue;
  const brotli = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  const gzip = gzipSync(content, { level: 9 });
  if (brotli.length < content.length) writeFileSync(`${path}.br`, brotli);
  if (gzip.length < content.length) writeFileSync(`${path}.gz`, gzip);
}
