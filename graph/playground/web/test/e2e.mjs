// Uses the playground of a running gateway as a person would, in Chromium. It fails on any console
// error and on any request to another host.
//
//   npm run e2e -- <base URL> [screenshot.png]
//
// The gateway must offer its examples and a working API key, as `gateway demo` does. CHROMIUM names the
// browser; without it, /usr/bin/chromium.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [base, screenshot] = process.argv.slice(2);
if (!base) {
  console.error("usage: npm run e2e -- <base URL> [screenshot.png]");
  process.exit(2);
}
const origin = new URL(base).origin;
const socketOrigin = origin.replace(/^http/, "ws");
const timeout = 20_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(timeout);
  const complaints = watch(page);

  await step("opens with the examples", () => opens(page));
  await step("checks the query against the schema", () => checksQuery(page));
  await step("keeps the key out of the local storage", () => keepsNoKey(page));
  await step("runs the first example", () => runsQuery(page));
  await step("formats the headers", () => formatsHeaders(page));
  if (screenshot) await page.screenshot({ path: screenshot });
  await step("shows the documentation", () => showsDocumentation(page));
  await step("builds a query in the explorer", () => explores(page));
  await step("runs a subscription", () => runsSubscription(page));
  await step("remembers the history", () => remembers(page));
  await step("comes back as it was after a reload", () => reloads(page));
  await step("follows the dark theme", () => followsTheme(page));
  await step("asks for a key where none is offered", () => asksForKey());
  await step("made no complaint", () => assert.deepEqual(complaints, []));
} finally {
  await browser.close();
}

function watch(page) {
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error}`));
  page.on("requestfailed", (request) => {
    complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:") complaints.push(`foreign request: ${url}`);
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).origin !== socketOrigin) complaints.push(`foreign socket: ${socket.url()}`);
  });
  return complaints;
}

async function step(name, act) {
  try {
    await act();
  } catch (error) {
    console.error(`✗ ${name}`);
    throw error;
  }
  console.log(`✓ ${name}`);
}

async function opens(page) {
  const [introspection] = await Promise.all([
    page.waitForResponse((response) => response.request().postData()?.includes("IntrospectionQuery")),
    page.goto(`${origin}/playground`),
  ]);
  assert.ok((await introspection.json()).data.__schema);
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  assert.notEqual(await page.title(), "");
  const tabs = await page.locator(".graphiql-tab-button").allInnerTexts();
  assert.ok(tabs.includes("Pairing"), `tabs: ${tabs}`);
  assert.match(await text(page, "operation.graphql"), /query SessionsWithGroups/);
  assert.match(await text(page, "variables.json"), /"groups": \d+/);
  assert.match(await text(page, "request-headers.json"), /"x-api-key": "wa_/);
}

async function checksQuery(page) {
  const query = await text(page, "operation.graphql");
  await setText(page, "operation.graphql", query.replace("totalCount", "totalCuont"));
  await page.locator(".squiggly-error").first().waitFor();
  assert.match((await markers(page)).join(), /Cannot query field .?"totalCuont/);
  await setText(page, "operation.graphql", query);
  await page.locator(".squiggly-error").first().waitFor({ state: "detached" });
}

async function keepsNoKey(page) {
  const { key, stored } = await page.evaluate(() => ({
    key: JSON.parse(document.getElementById("options").textContent).headers["x-api-key"],
    stored: JSON.stringify(localStorage),
  }));
  assert.ok(!stored.includes(key));
}

async function runsQuery(page) {
  const result = await run(page);
  assert.equal(result.errors, undefined, JSON.stringify(result.errors));
  assert.ok(result.data.sessions.nodes.length > 0, "no sessions");
}

async function formatsHeaders(page) {
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  const before = await text(page, "request-headers.json");
  await setText(page, "request-headers.json", before.replaceAll(/\s+/g, ""));
  await page.getByRole("button", { name: /Prettify/ }).click();
  await textMatching(page, "request-headers.json", /^\{\n {2}"x-api-key": "wa_[^"]+"\n\}\n?$/);
}

async function showsDocumentation(page) {
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  const docs = page.locator(".graphiql-doc-explorer");
  await docs.getByRole("link", { name: "Query", exact: true }).or(docs.getByText("Query", { exact: true })).first().click();
  await docs.getByText("sessions", { exact: true }).first().waitFor();
}

async function explores(page) {
  await page.getByRole("button", { name: "Show GraphiQL Explorer" }).click();
  await page.getByRole("tab", { name: "GroupMembers", exact: true }).click();
  await textMatching(page, "operation.graphql", /query GroupMembers/);
  await page.locator(".docExplorerWrap, .graphiql-explorer-root").first().waitFor();
  await page.locator(".graphiql-explorer-root").getByText("viewer", { exact: true }).first().click();
  await textMatching(page, "operation.graphql", /viewer/);
}

async function runsSubscription(page) {
  await page.getByRole("tab", { name: "Pairing", exact: true }).click();
  await textMatching(page, "operation.graphql", /subscription Pairing/);
  const [socket, result] = await Promise.all([page.waitForEvent("websocket"), run(page)]);
  assert.equal(result.errors, undefined, JSON.stringify(result.errors));
  assert.ok(result.data.pairing.status);
  assert.equal(new URL(socket.url()).origin, socketOrigin);
}

async function remembers(page) {
  await page.getByRole("button", { name: "Show History" }).click();
  await page.locator(".graphiql-history").getByText("SessionsWithGroups").first().waitFor();
}

async function reloads(page) {
  await page.waitForFunction(() => Object.keys(sessionStorage).some((key) => key.endsWith(":tabState")));
  await page.reload();
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  await textMatching(page, "operation.graphql", /subscription Pairing/);
  assert.match(await text(page, "request-headers.json"), /"x-api-key": "wa_/);
  await keepsNoKey(page);
}

async function followsTheme(page) {
  const background = () => page.evaluate(() => getComputedStyle(document.querySelector(".graphiql-container")).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator(".graphiql-query-editor .monaco-editor.vs-dark").waitFor();
  assert.notEqual(await background(), light);
  if (screenshot) await page.screenshot({ path: screenshot.replace(/(\.png)?$/, "-dark.png") });
}

// The page of a gateway that offers no key: where the schema is not public a refusal is expected and
// the key serves it; in any case a key given once must serve every tab.
async function asksForKey() {
  const context = await browser.newContext();
  const page = await context.newPage();
  let headers;
  await page.route(`${origin}/playground`, async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    const options = /(?<=id="options">).*?(?=<\/script>)/s;
    const given = JSON.parse(options.exec(body)[0]);
    headers = JSON.stringify(given.headers);
    const blank = JSON.stringify({ ...given, headers: { "x-api-key": "" } }).replaceAll("<", "\\u003c");
    await route.fulfill({ response, body: body.replace(options, () => blank) });
  });
  const asksForSchema = (response) => response.request().postData()?.includes("IntrospectionQuery");
  const [blank] = await Promise.all([page.waitForResponse(asksForSchema), page.goto(`${origin}/playground`)]);
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  assert.deepEqual(JSON.parse(await text(page, "request-headers.json")), { "x-api-key": "" });
  const [introspection] = await Promise.all([
    blank.ok() ? blank : page.waitForResponse((response) => response.ok() && asksForSchema(response)),
    setText(page, "request-headers.json", headers),
  ]);
  assert.ok((await introspection.json()).data.__schema);
  await page.getByRole("tab", { name: "GroupMembers", exact: true }).click();
  await textMatching(page, "operation.graphql", /query GroupMembers/);
  assert.equal(await textMatching(page, "request-headers.json", /wa_/), headers);
  await context.close();
}

// run executes the present tab and gives the first answer that is shown.
async function run(page) {
  await setText(page, "response.json", "");
  await page.locator(".graphiql-execute-button").click();
  return JSON.parse(await textMatching(page, "response.json", /^\{[^]*\}\s*$/));
}

// GraphiQL keeps each editor's text in a Monaco model, of which the page shows only what fits.
function text(page, name) {
  return page.evaluate((name) => model(name).getValue(), name).catch(async (error) => {
    if (!String(error).includes("model is not defined")) throw error;
    await page.evaluate(() => {
      globalThis.model = (name) => globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith(name));
    });
    return text(page, name);
  });
}

async function setText(page, name, value) {
  await text(page, name);
  await page.evaluate(([name, value]) => model(name).setValue(value), [name, value]);
}

async function textMatching(page, name, pattern) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await text(page, name);
    if (pattern.test(value)) return value;
    assert.ok(Date.now() < end, `${name} never matched ${pattern}:\n${value}`);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

function markers(page) {
  return page.evaluate(() => globalThis.__MONACO.editor.getModelMarkers({ owner: "graphql" }).map(({ message }) => message));
}
