import "./workers.js";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { Credentials } from "./credentials.jsx";
import { fetcher } from "./fetcher.js";
import { defaultHeaders, defaultTabs, title } from "./options.js";
import { holdsTabs, storage } from "./storage.js";
import { SystemTheme } from "./theme.jsx";

const plugins = [HISTORY_PLUGIN, explorerPlugin()];

// GraphiQL fills the first tab's query from defaultTabs, but not its variables.
const initialVariables = holdsTabs() ? undefined : (defaultTabs[0]?.variables ?? undefined);

createRoot(document.getElementById("root")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    storage={storage}
    defaultTabs={defaultTabs.length > 0 ? defaultTabs : undefined}
    defaultHeaders={defaultHeaders}
    initialVariables={initialVariables}
    inputValueDeprecation
    schemaDescription
    shouldPersistHeaders
    showPersistHeadersSettings={false}
  >
    <GraphiQL.Logo>
      {title}
      <Credentials />
      <SystemTheme />
    </GraphiQL.Logo>
  </GraphiQL>,
);
