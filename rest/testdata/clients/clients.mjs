// Hears a log through clients that others have written, each of which breaks off again and again, and prints what each
// has heard: node clients.mjs <address> <key> <id of the event to begin behind> <number of events>
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { EventSource } from "eventsource";
import { createClient as createSSE } from "graphql-sse";
import { createClient as createWS } from "graphql-ws";
import WebSocket from "ws";

const [address, key, first, total] = [process.argv[2], process.argv[3], process.argv[4], Number(process.argv[5])];
const headers = { "x-api-key": key };
const names = ["message", "message.status"];
const some = () => 1 + Math.floor(Math.random() * 9);

// collect calls connect until all is heard. connect hears at most so many events behind an id and gives their ids.
async function collect(connect) {
  const heard = [];
  while (heard.length < total) {
    heard.push(...(await connect(heard.at(-1) ?? first, Math.min(some(), total - heard.length))));
  }
  return heard;
}

function eventSource(after, n) {
  return new Promise((resolve, reject) => {
    const ids = [];
    const source = new EventSource(`${address}/api/v1/events?after=${after}`, {
      fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
    });
    source.onerror = reject;
    for (const name of names) {
      source.addEventListener(name, ({ lastEventId, data }) => {
        if (ids.length === n) return;
        if (JSON.parse(data).id !== lastEventId) reject(new Error(`id ${lastEventId} of ${data}`));
        if (ids.push(lastEventId) === n) {
          source.close();
          resolve(ids);
        }
      });
    }
  });
}

async function realtime(after, n) {
  const answer = await fetch(`${address}/api/v1/realtime/ticket`, { method: "POST", headers });
  const socket = new WebSocket(`${(await answer.json()).url}&after=${after}`);
  const ids = [];
  await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (frame) => {
      if (ids.length < n && ids.push(JSON.parse(frame).id) === n) resolve();
    });
  });
  socket.terminate();
  return ids;
}

const query = "subscription ($after: ID) { events(after: $after) { id } }";

async function subscription(client, after, n) {
  const ids = [];
  for await (const { data, errors } of client.iterate({ query, variables: { after } })) {
    if (errors) throw new Error(JSON.stringify(errors));
    if (ids.push(data.events.id) === n) break;
  }
  await client.dispose();
  return ids;
}

const graphqlWS = (after, n) =>
  subscription(createWS({ url: `${address.replace("http", "ws")}/graphql`, webSocketImpl: WebSocket, connectionParams: headers }), after, n);
const graphqlSSE = (after, n) => subscription(createSSE({ url: `${address}/graphql`, headers }), after, n);

// browser hears everything with the EventSource of a browser, which reconnects by itself: a server between adds the
// credential and breaks off.
async function browser() {
  const page = `<script>
    const ids = [], source = new EventSource("/events?after=${first}");
    for (const name of ${JSON.stringify(names)}) source.addEventListener(name, ({ lastEventId }) => {
      if (ids.push(lastEventId) === ${total}) { source.close(); fetch("/heard", { method: "POST", body: JSON.stringify(ids) }); }
    });
  </script>`;
  let done;
  const heard = new Promise((resolve) => (done = resolve));
  const server = http.createServer((request, response) => {
    if (request.url === "/") return response.writeHead(200, { "content-type": "text/html" }).end(page);
    if (request.url === "/heard") {
      let body = "";
      request.on("data", (part) => (body += part));
      return request.on("end", () => { response.end(); done(JSON.parse(body)); });
    }
    if (!request.url.startsWith("/events")) return response.writeHead(404).end();
    const last = request.headers["last-event-id"];
    const upstream = http.request(`${address}/api/v1${request.url}`, { headers: { ...headers, ...(last && { "last-event-id": last }) } }, (from) => {
      response.writeHead(from.statusCode, { "content-type": from.headers["content-type"] });
      let pending = "", left = some() + 20;
      from.on("data", (part) => {
        pending += part;
        for (let end; left > 0 && (end = pending.indexOf("\n\n")) >= 0; pending = pending.slice(end + 2)) {
          const message = pending.slice(0, end + 2);
          response.write(message.replace(/retry: \d+/, "retry: 1"));
          if (message.includes("data:")) left--;
        }
        if (left === 0) { upstream.destroy(); response.destroy(); }
      });
      from.on("error", () => {});
    });
    upstream.on("error", () => response.destroy());
    upstream.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const chromium = spawn(process.env.CHROMIUM ?? "chromium",
    ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/`], { stdio: "ignore", detached: true });
  const failed = once(chromium, "exit").then(() => { throw new Error("the browser ended"); });
  const ids = await Promise.race([heard, failed]);
  failed.catch(() => {});
  process.kill(-chromium.pid, "SIGKILL"); // its helpers too, which write to the profile
  await failed.catch(() => {});
  server.closeAllConnections();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  return ids;
}

const clients = {
  eventsource: collect(eventSource), ws: collect(realtime), "graphql-ws": collect(graphqlWS), "graphql-sse": collect(graphqlSSE), browser: browser(),
};
const heard = {};
for (const [name, ids] of Object.entries(clients)) heard[name] = await ids;
process.stdout.write(JSON.stringify(heard), () => process.exit(0)); // fetch keeps connections open
