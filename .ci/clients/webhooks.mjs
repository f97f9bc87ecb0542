// Receives the webhooks of a demo and verifies them as a subscriber would, with the npm package standardwebhooks:
// node webhooks.mjs <path of the gateway>
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createInterface } from "node:readline";

import { Webhook } from "standardwebhooks";

const patience = 60_000;
const demo = spawn(process.argv[2], ["demo", "--addr", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
process.on("exit", () => demo.kill()); // however this ends
demo.on("exit", () => fail("the demo ended"));
setTimeout(() => fail("not in time"), patience).unref();

function fail(why) {
  console.error(`webhooks: ${why}`);
  process.exit(1);
}

// The demo says where it is, one "Name  value" a line.
const said = {};
for await (const line of createInterface({ input: demo.stdout })) {
  const [, name, value] = /^(REST|API key|Session|Simulator) +(\S+)/.exec(line) ?? [];
  if (name) said[name] = value;
  if (line.startsWith("Ctrl-C")) break;
}
demo.stdout.resume();

async function call(method, url, body) {
  const answer = await fetch(url, {
    method, body: body && JSON.stringify(body), headers: { "x-api-key": said["API key"], "content-type": "application/json" },
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${url} answers ${answer.status} ${text}`);
  return JSON.parse(text);
}
const gateway = (method, path, body) => call(method, said.REST + path, body);
const simulator = (method, path, body) => call(method, said.Simulator + path, body);
async function graphql(query, variables) {
  const { data, errors } = await call("POST", said.REST.replace("/api/v1", "/graphql"), { query, variables });
  assert.ok(!errors, JSON.stringify(errors));
  return data;
}

// What is delivered, by the path it is delivered to.
const inbox = new Map();
const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  inbox.get(request.url).arrived({ headers: request.headers, body });
  response.writeHead(204).end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = (path) => `http://127.0.0.1:${server.address().port}${path}`;

// expect waits for the delivery of a message with the text.
function expect(path, text) {
  return new Promise((resolve) => {
    inbox.set(path, { arrived: (delivery) => JSON.parse(delivery.body).payload.body === text && resolve(delivery) });
  });
}

// verified checks a delivery with the package, and that the package would notice a forgery.
function verified(delivery, secret, stranger) {
  const event = new Webhook(secret).verify(delivery.body, delivery.headers);
  assert.equal(event.id, delivery.headers["webhook-id"]);
  assert.equal(event.event, "message");
  assert.equal(event.session, said.Session);
  assert.throws(() => new Webhook(secret).verify(delivery.body.replace("message", "massage"), delivery.headers), "a changed body");
  assert.throws(() => new Webhook(secret).verify(delivery.body, { ...delivery.headers, "webhook-id": "evt_1" }), "another id");
  assert.throws(() => new Webhook(stranger).verify(delivery.body, delivery.headers), "another secret");
}

const random = () => `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
const [own, stranger] = [random(), random()];
const { phoneNumber } = await gateway("GET", `/sessions/${said.Session}/me`);
const { phones } = await simulator("GET", "/phones");
const friend = phones.map(({ phone }) => phone).find((number) => number !== phoneNumber);
const say = (text) => simulator("POST", `/phones/${friend}/messages`, { to: phoneNumber, text });

// A secret of the subscriber's own, over REST, and one that the gateway makes, over GraphQL.
inbox.set("/own", { arrived() {} }).set("/made", { arrived() {} });
await gateway("POST", "/webhooks", { url: address("/own"), events: ["message"], secret: own });
const { createWebhook: made } = await graphql(
  "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { id } } }",
  { input: { url: address("/made"), events: ["message"] } },
);
let deliveries = [expect("/own", "first"), expect("/made", "first")];
await say("first");
deliveries = await Promise.all(deliveries);
verified(deliveries[0], own, stranger);
verified(deliveries[1], made.secret, stranger);

// After a rotation both secrets verify, for a while.
const { rotateWebhookSecret: rotated } = await graphql(
  "mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret } }", { id: made.webhook.id },
);
assert.notEqual(rotated.secret, made.secret);
let both; // the gateway hears of the change in a moment
for (let n = 2; !both?.headers["webhook-signature"].includes(" "); n++) {
  const next = expect("/made", `number ${n}`);
  await say(`number ${n}`);
  both = await next;
}
verified(both, made.secret, stranger);
verified(both, rotated.secret, stranger);

console.log("webhooks: 3 deliveries verified with 3 secrets by standardwebhooks; forgeries noticed");
process.exit(0); // fetch keeps connections open
