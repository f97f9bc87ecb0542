// A GraphQL server that knows the gateway's schema and makes up every value, so that the page can be
// tested without a gateway. It prints the port it chose, and ends with its standard input.
//
//   node test/backend.mjs <folder with *.graphqls>
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { buildSchema, getNamedType, graphql, isEnumType, isListType, isNonNullType, isScalarType } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const apiKey = "wa_test";
const folder = process.argv[2];
const files = (await readdir(folder)).filter((name) => name.endsWith(".graphqls")).sort();
const sources = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
const schema = buildSchema(sources.join("\n"));

const samples = {
  Int: 3,
  Float: 1.5,
  Boolean: true,
  DateTime: "2024-06-29T16:00:00.000Z",
  JID: "6281234567890@s.whatsapp.net",
};

function sample(type, name) {
  if (isNonNullType(type)) return sample(type.ofType, name);
  if (isListType(type)) return [0, 1, 2].map(() => sample(type.ofType, name));
  if (isEnumType(type)) return type.getValues()[0].value;
  if (isScalarType(type)) return samples[type.name] ?? `the ${name}`;
  return { __typename: getNamedType(type).name };
}

schema.getQueryType().getFields().node.resolve = () => null;
for (const type of Object.values(schema.getTypeMap())) {
  if (type.name.startsWith("__") || !type.getFields || type.astNode?.kind !== "ObjectTypeDefinition") continue;
  for (const field of Object.values(type.getFields())) {
    field.resolve ??= (source) => source?.[field.name] ?? sample(field.type, field.name);
  }
}
schema.getSubscriptionType().getFields().pairing.subscribe = async function* () {
  yield { pairing: { status: "SCAN_QR_CODE" } };
  yield { pairing: { status: "WORKING", qr: null } };
};

const http = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  response.setHeader("Content-Type", "application/graphql-response+json");
  if (request.headers["x-api-key"] !== apiKey) {
    response.statusCode = 401;
    response.end(JSON.stringify({ errors: [{ message: "no credential", extensions: { code: "UNAUTHORIZED" } }] }));
    return;
  }
  const { query, variables, operationName } = JSON.parse(body);
  const result = await graphql({ schema, source: query, variableValues: variables, operationName });
  response.end(JSON.stringify(result));
});

useServer(
  { schema, onConnect: ({ connectionParams }) => connectionParams?.["x-api-key"] === apiKey },
  new WebSocketServer({ server: http }),
);

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
process.stdin.resume().on("end", () => process.exit(0));
