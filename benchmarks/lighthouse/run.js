// Lighthouse over addresses, in a Chromium that runs already and is signed in.
//   node run.js PORT < addresses, one a line  →  one JSON object a line: address, form, scores (0-100), failed audits
import { createInterface } from "node:readline";
import lighthouse from "lighthouse";
import desktop from "lighthouse/core/config/desktop-config.js";

const port = Number(process.argv[2]);
const forms = { desktop, phone: undefined };

for await (const address of createInterface({ input: process.stdin })) {
  for (const [form, config] of Object.entries(forms)) {
    // Its storage holds who is signed in.
    const flags = { port, output: "json", logLevel: "error", disableStorageReset: true };
    const { lhr } = await lighthouse(address, flags, config);
    const categories = Object.values(lhr.categories);
    const failed = categories.flatMap(({ auditRefs }) => auditRefs)
      .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
      .map(({ id }) => id);
    const scores = Object.fromEntries(categories.map(({ id, score }) => [id, Math.round(score * 100)]));
    process.stdout.write(`${JSON.stringify({ address: lhr.finalDisplayedUrl, form, scores, failed })}\n`);
  }
}
