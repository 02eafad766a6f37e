// Fetches Shopify's official Admin schemas for the sandbox store and the tests into assets/shopify-schema/.
//
// They come inside the npm package @shopify/dev-mcp. Its dependency tree (CLI, Hydrogen) would make
// `npm ci` minutes long, so the archive alone is packed, its pinned hash compared, and unpacked.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "@shopify/dev-mcp@1.16.0";
const INTEGRITY =
  "sha512-tqgRnK7sQhjew+htxtleTH23nXB5fZcsrhWgEkomsorGXvLOB2mh2upwZm8uzuTDNTZnqtLMe64yIwh6s2awtw==";

const target = join(dirname(fileURLToPath(import.meta.url)), "shopify-schema");
const folder = mkdtempSync(join(tmpdir(), "offerwell-schema-"));
try {
  const packed = JSON.parse(execFileSync("npm", ["pack", PACKAGE, "--json", "--pack-destination", folder]));
  const archive = join(folder, packed[0].filename);
  const found = "sha512-" + createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (found !== INTEGRITY) throw new Error(`${PACKAGE} is not the archive we pinned: ${found}`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  execFileSync("tar", ["-xzf", archive, "-C", target, "--strip-components=1"]);
  console.log(`${PACKAGE} unpacked into ${target}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
