import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";
import { endpoint, lowerCased } from "./options.js";
import { currentHeaders } from "./storage.js";

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
  const filled = Object.entries(options?.headers ?? headersOf(request)).filter(([, value]) => value !== "");
  const headers = lowerCased(Object.fromEntries(filled));
  return send(...settled(request, { ...options, headers }));
}

// GraphiQL first asks for the schema before the headers editor is there to be read.
function headersOf({ operationName }) {
  if (operationName !== "IntrospectionQuery") return {};
  try {
    return JSON.parse(currentHeaders());
  } catch {
    return {};
  }
}

// GraphiQL reads the document a moment after the last change, so whoever changes the tab and runs at once
// would run the operation of the tab before. A document's only operation needs no guess.
function settled(request, options) {
  const documentAST = parsed(request.query);
  const operations = documentAST?.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (operations?.length !== 1) return [request, options];
  return [
    { ...request, operationName: operations[0].name?.value },
    { ...options, documentAST },
  ];
}

// A document with a mistake is the server's to refuse.
function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}
