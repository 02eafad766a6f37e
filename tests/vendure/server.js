// A small real Vendure shop: sql.js as its database, one product, one way to ship, one way to pay.
//
//   node server.js --port 3000 [--state FILE] [--identifier superadmin] [--password vendure-demo]
//
// Prints one line when it answers. With --state the shop survives a restart, also after kill -9.
// Vendure itself is GPL-3.0-or-later: it is installed here to test against and runs as a process of its own.
"use strict";
process.env.VENDURE_DISABLE_TELEMETRY = "true";
const fs = require("node:fs");
const { parseArgs } = require("node:util");
const {
  bootstrap,
  ChannelService,
  CountryService,
  defaultShippingCalculator,
  defaultShippingEligibilityChecker,
  DefaultLogger,
  dummyPaymentHandler,
  GlobalSettingsService,
  JobQueueService,
  LanguageCode,
  LogLevel,
  manualFulfillmentHandler,
  PaymentMethodService,
  ProductService,
  ProductVariantService,
  RequestContextService,
  ShippingMethodService,
  TaxCategoryService,
  TaxRateService,
  TransactionalConnection,
  ZoneService,
} = require("@vendure/core");

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "3000" },
    state: { type: "string" },
    identifier: { type: "string", default: "superadmin" },
    password: { type: "string", default: "vendure-demo" },
  },
});
let database; // the open sql.js database, once there is one

// Whoever started us is gone: nobody would ever end us.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 500).unref();
process.on("SIGTERM", () => process.exit(0));

/** Each commit becomes the whole file, by a rename: killed at any moment, it is the old or the new one. */
async function keep(bytes) {
  const unfinished = `${values.state}.${process.pid}`;
  fs.writeFileSync(unfinished, bytes);
  fs.renameSync(unfinished, values.state);
  restoreRegexp();
}

/** sql.js forgets the functions it was given when it exports; Vendure gave it one for its filters. */
function restoreRegexp() {
  database?.create_function("regexp", (pattern, text) => (new RegExp(pattern, "i").test(text) ? 1 : 0));
}

function storage() {
  if (!values.state) return { type: "sqljs", synchronize: true, logging: false };
  const bytes = fs.existsSync(values.state) ? fs.readFileSync(values.state) : undefined;
  return { type: "sqljs", synchronize: !bytes, logging: false, database: bytes, autoSave: true, autoSaveCallback: keep };
}

async function main() {
  const app = await bootstrap({
    apiOptions: {
      hostname: "127.0.0.1",
      port: Number(values.port),
      adminApiPath: "admin-api",
      shopApiPath: "shop-api",
      cors: false,
    },
    authOptions: {
      tokenMethod: ["bearer", "api-key"],
      superadminCredentials: { identifier: values.identifier, password: values.password },
    },
    dbConnectionOptions: storage(),
    customFields: { Order: [{ name: "owClick", type: "string", nullable: true }] },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    logger: new DefaultLogger({ level: LogLevel.Error }),
    plugins: [],
  });
  database = app.get(TransactionalConnection).rawConnection.driver.databaseConnection;
  restoreRegexp();
  await stock(app);
  await app.get(JobQueueService).start(); // puts products into collections
  process.stdout.write(`Vendure is ready: http://127.0.0.1:${values.port}/admin-api\n`);
}

/** One product at 50.00, sold without tax in dollars; nothing when the shop has it already. */
async function stock(app) {
  const ctx = await app.get(RequestContextService).create({ apiType: "admin" });
  if ((await app.get(ProductService).findAll(ctx, { take: 1 })).totalItems) return;
  const named = (name, more = {}) => [{ languageCode: LanguageCode.en, name, ...more }];
  const country = await app.get(CountryService).create(ctx, { code: "US", enabled: true, translations: named("USA") });
  const zone = await app.get(ZoneService).create(ctx, { name: "World", memberIds: [country.id] });
  const category = await app.get(TaxCategoryService).create(ctx, { name: "Standard", isDefault: true });
  await app.get(TaxRateService).create(ctx, {
    name: "None", enabled: true, value: 0, categoryId: category.id, zoneId: zone.id,
  });
  const channel = await app.get(ChannelService).getDefaultChannel(ctx);
  await app.get(ChannelService).update(ctx, {
    id: channel.id, defaultTaxZoneId: zone.id, defaultShippingZoneId: zone.id,
  });
  await app.get(GlobalSettingsService).updateSettings(ctx, { trackInventory: false });
  const fresh = await app.get(RequestContextService).create({ apiType: "admin" });
  const product = await app.get(ProductService).create(fresh, {
    enabled: true, translations: named("Glow serum", { slug: "glow-serum", description: "" }),
  });
  await app.get(ProductVariantService).create(fresh, [
    { productId: product.id, sku: "GLOW", price: 5000, taxCategoryId: category.id, translations: named("Glow serum") },
  ]);
  await app.get(ShippingMethodService).create(fresh, {
    code: "standard",
    fulfillmentHandler: manualFulfillmentHandler.code,
    checker: { code: defaultShippingEligibilityChecker.code, arguments: [{ name: "orderMinimum", value: "0" }] },
    calculator: {
      code: defaultShippingCalculator.code,
      arguments: [
        { name: "rate", value: "0" },
        { name: "includesTax", value: "auto" },
        { name: "taxRate", value: "0" },
      ],
    },
    translations: named("Standard", { description: "" }),
  });
  await app.get(PaymentMethodService).create(fresh, {
    code: "dummy",
    enabled: true,
    handler: { code: dummyPaymentHandler.code, arguments: [{ name: "automaticSettle", value: "true" }] },
    translations: named("Dummy", { description: "" }),
  });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
