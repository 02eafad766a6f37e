// Lighthouse over addresses, in a Chromium that runs already and is signed in.
//   node run.js PORT < addresses, one a line  →  one JSON object a line: address, form, scores (0-100), failed audits
import { createInterface } from "node:readline";
import lighthouse from "lighthouse";
import desktop from "lighthouse/core/config/desktop-config.js";

const port = Number(process.argv[2]);
const forms = { desktop, phone: undefined };

// Its storage holds who is signed in. A tab that Chromium did not paint in time has no score: it is opened again.
async function measured(address, config, tries = 3) {
  const flags = { port, output: "json", logLevel: "error", disableStorageReset: true };
  const { lhr } = await lighthouse(address, flags, config);
  const isWhole = Object.values(lhr.categories).every(({ score }) => score !== null);
  return isWhole || tries === 1 ? lhr : measured(address, config, tries - 1);
}

for await (const address of createInterface({ input: process.stdin })) {
  for (const [form, config] of Object.entries(forms)) {
    const lhr = await measured(address, config);
    const categories = Object.values(lhr.categories);
    const failed = categories.flatMap(({ auditRefs }) => auditRefs)
      .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
      .map(({ id }) => id);
    const scores = Object.fromEntries(categories.map(({ id, score }) => [id, Math.round(score * 100)]));
    process.stdout.write(`${JSON.stringify({ address: lhr.finalDisplayedUrl, form, scores, failed })}\n`);
  }
}
