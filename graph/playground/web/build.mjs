// Bundles src/ into ../assets, which is committed and embedded by the Go package.
// The output depends on nothing but the sources and package-lock.json: no dates, no paths.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const outdir = join(root, "..", "assets");

// GraphiQL's style sheet carries its fonts as data: URLs. As files they load only when a glyph
// needs them, and the Content-Security-Policy can stay at font-src 'self'.
const fontsAsFiles = {
  name: "fonts-as-files",
  setup(build) {
    build.onResolve({ filter: /^data:font\// }, ({ path }) => {
      const [, kind, body] = /^data:font\/(\w+);base64,(.*)$/s.exec(path);
      const bytes = Buffer.from(body, "base64");
      return { path: `${hashOf(bytes)}.${kind}`, namespace: "font", pluginData: bytes };
    });
    build.onLoad({ filter: /.*/, namespace: "font" }, ({ pluginData }) => ({ contents: pluginData, loader: "file" }));
  },
};

// What is left out: Monaco's style sheets (GraphiQL's contains them), the JavaScript parser that
// Prettier brings for two JSON editors, and a second copy of its GraphQL parser.
const slim = {
  name: "slim",
  setup(build) {
    const jsonc = join(root, "src", "jsonc-plugin.js");
    build.onResolve({ filter: /^prettier\/(plugins\/estree|parser-babel)$/ }, () => ({ path: jsonc }));
    build.onResolve({ filter: /^prettier\/parser-graphql$/ }, ({ path, ...from }) =>
      build.resolve("prettier/plugins/graphql", { resolveDir: from.resolveDir, kind: from.kind }),
    );
    build.onLoad({ filter: /[\\/]monaco-editor[\\/].*\.css$/ }, () => ({ contents: "", loader: "css" }));
  },
};

const shared = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  minify: true,
  keepNames: true,
  metafile: true,
  target: "es2022",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
};

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });

const workers = await build({
  ...shared,
  format: "iife",
  entryNames: "[name]-[hash]",
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
});

const workerFile = (name) =>
  basename(Object.keys(workers.metafile.outputs).find((file) => basename(file).startsWith(`${name}.worker-`)));

const page = await build({
  ...shared,
  format: "esm",
  splitting: true,
  jsx: "automatic",
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "font-[hash]",
  entryPoints: { playground: "src/main.jsx" },
  plugins: [slim, fontsAsFiles],
  define: {
    ...shared.define,
    WORKERS: JSON.stringify({
      editor: workerFile("editor"),
      json: workerFile("json"),
      graphql: workerFile("graphql"),
    }),
  },
});

const [script, { cssBundle }] = Object.entries(page.metafile.outputs).find(
  ([, output]) => output.entryPoint === "src/main.jsx",
);
const licenseText = await licenses({ ...workers.metafile.inputs, ...page.metafile.inputs });
const licenseFile = `licenses-${hashOf(licenseText)}.txt`;
await writeFile(join(outdir, licenseFile), licenseText);

const html = await readFile(join(root, "src", "index.html"), "utf8");
await writeFile(
  join(outdir, "index.html"),
  html
    .replace("__SCRIPT__", basename(script))
    .replace("__STYLE__", basename(cssBundle))
    .replace("__LICENSES__", licenseFile),
);

function hashOf(content) {
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}

// licenses gives the license of every package that has a file in the bundles, as those licenses ask.
async function licenses(inputs) {
  const packages = new Set(Object.keys(inputs).map(packageFolder).filter(Boolean));
  const texts = await Promise.all([...packages].sort().map(license));
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

function packageFolder(input) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function license(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
  const file = (await readdir(join(root, folder))).sort().find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(join(root, folder, file), "utf8") : "";
  return `${name} ${version} (${license})\n\n${text.replaceAll("\r\n", "\n").trim()}\n`;
}
