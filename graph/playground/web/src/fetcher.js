import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { endpoint, lowerCased } from "./options.js";

const url = new URL(endpoint, location.href);
const subscriptionUrl = new URL(url);
subscriptionUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";

const send = createGraphiQLFetcher({
  url: url.href,
  subscriptionUrl: subscriptionUrl.href,
  enableIncrementalDelivery: false,
});

// Queries and mutations go by POST; a subscription opens a graphql-transport-ws socket whose
// connection_init carries the same headers. A header left blank is not sent at all.
export function fetcher(request, options) {
  const filled = Object.entries(options?.headers ?? {}).filter(([, value]) => value !== "");
  return send(request, { ...options, headers: lowerCased(Object.fromEntries(filled)) });
}
