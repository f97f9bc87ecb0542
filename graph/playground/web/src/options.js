// What the page was served with; the Go type Options describes it.
const { endpoint, headers, examples, title } = JSON.parse(document.getElementById("options").textContent);

export { endpoint, title };

// Names are lower-cased because the gateway reads the payload of connection_init by name.
export const defaultHeaders = JSON.stringify(lowerCased(headers), null, 2);

export const defaultTabs = examples.map(({ name, query, variables }) => ({
  query: `# ${name}\n${query}\n`,
  variables: variables ? JSON.stringify(variables, null, 2) : null,
  headers: defaultHeaders,
}));

export function lowerCased(headers) {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
