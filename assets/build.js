// Builds offerwell/static: app.css (Tailwind), app.js and portal.js (esbuild), webauthn pages' scripts stay allauth's own,
// icons.svg (one sprite of the icons the templates use) and the two Inter fonts.
//
// The sprite holds what templates ask for with {% icon "name" %} plus icons.txt (names that Python chooses).
// An unknown name stops the build.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const product = join(here, "..", "offerwell");
const out = join(product, "static");
const modules = join(here, "node_modules");
const JS_LIMIT = 20 * 1024;
const PORTAL_JS_LIMIT = 3 * 1024;

function templates(folder) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html"));
}

function iconNames() {
  const listed = readFileSync(join(here, "icons.txt"), "utf8").split(/\s+/);
  const used = templates(product).flatMap((name) =>
    [...readFileSync(join(product, name), "utf8").matchAll(/\{% (?:icon|nav_link [^%]*?icon=) ?"([a-z0-9-]+)"/g)].map((m) => m[1]),
  );
  return [...new Set([...listed, ...used].filter(Boolean))].sort();
}

function symbol(name) {
  const own = join(here, "icons", `${name}.svg`);
  let svg;
  try {
    svg = readFileSync(own, "utf8");
  } catch {
    try {
      svg = readFileSync(join(modules, "lucide-static", "icons", `${name}.svg`), "utf8");
    } catch {
      throw new Error(`No icon is called "${name}". Look it up on lucide.dev/icons or add assets/icons/${name}.svg.`);
    }
  }
  const inner = svg.replace(/<!--[\s\S]*?-->/g, "").match(/<svg[\s\S]*?>([\s\S]*)<\/svg>/)[1];
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s+/g, " ").replace(/> </g, "><").trim()}</symbol>`;
}

mkdirSync(join(out, "fonts"), { recursive: true });
for (const part of ["latin", "latin-ext"]) {
  const font = join(modules, "@fontsource-variable", "inter", "files", `inter-${part}-wght-normal.woff2`);
  copyFileSync(font, join(out, "fonts", `inter-${part}.woff2`));
}
const names = iconNames();
writeFileSync(join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${names.map(symbol).join("")}</svg>\n`);
copyFileSync(join(here, "icons", "favicon.svg"), join(out, "favicon.svg"));
for (const size of [192, 512]) copyFileSync(join(here, "icons", `portal-${size}.png`), join(out, `portal-${size}.png`));

execFileSync(
  process.execPath,
  [join(modules, "@tailwindcss", "cli", "dist", "index.mjs"), "-i", "css/app.css", "-o", join(out, "app.css"), "--minify"],
  { cwd: here, stdio: ["ignore", "inherit", "inherit"] },
);
await build({
  entryPoints: ["app", "portal"].map((name) => join(here, "js", `${name}.js`)),
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
});

const weigh = (name) => brotliCompressSync(readFileSync(join(out, name))).length;
const script = weigh("app.js");
const portal = weigh("portal.js");
console.log(`app.css ${weigh("app.css")} B, app.js ${script} B, portal.js ${portal} B, icons.svg ${weigh("icons.svg")} B (${names.length} icons), brotli`);
if (script > JS_LIMIT) {
  console.error(`app.js is ${script} B in brotli; the most is ${JS_LIMIT} B (docs/performance.md).`);
  process.exit(1);
}
if (portal > PORTAL_JS_LIMIT) {
  console.error(`portal.js is ${portal} B in brotli; the most is ${PORTAL_JS_LIMIT} B.`);
  process.exit(1);
}
