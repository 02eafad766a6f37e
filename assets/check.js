// Checks what npm forgets: every optional dependency named in the lock has an entry (otherwise `npm ci`
// fails on another platform), and no entry names the address of a registry.
import { readFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url)));
const names = Object.keys(packages);
const faults = names.flatMap((path) => [
  ...Object.keys(packages[path].optionalDependencies ?? {})
    .filter((name) => !names.some((other) => other.endsWith(`node_modules/${name}`)))
    .map((name) => `${path} needs ${name}, which has no entry`),
  ...(packages[path].resolved ? [`${path} names a registry`] : []),
]);
if (faults.length) {
  console.error(faults.join("\n"));
  process.exit(1);
}
console.log(`${names.length} entries, every optional dependency has one, no registry named`);
