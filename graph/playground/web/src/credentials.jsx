import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";
import { defaultHeaders } from "./options.js";

const settleMs = 600;

// Spares the user from giving the key twice: headers once edited are offered in every tab that still
// has the ones the page came with, and a schema that could not be read is asked for again with them.
export function Credentials() {
  const { headerEditor, activeTabIndex, schema } = useGraphiQL(pick("headerEditor", "activeTabIndex", "schema"));
  const { introspect } = useGraphiQLActions();
  const edited = useRef(null);

  useEffect(() => {
    if (!headerEditor) return;
    let settled;
    const change = headerEditor.onDidChangeModelContent(() => {
      const headers = headerEditor.getValue();
      if (headers === defaultHeaders) return;
      edited.current = headers;
      clearTimeout(settled);
      if (!schema) settled = setTimeout(introspect, settleMs);
    });
    return () => {
      clearTimeout(settled);
      change.dispose();
    };
  }, [headerEditor, schema, introspect]);

  useEffect(() => {
    if (edited.current !== null && headerEditor?.getValue() === defaultHeaders) headerEditor.setValue(edited.current);
  }, [headerEditor, activeTabIndex]);

  return null;
}
