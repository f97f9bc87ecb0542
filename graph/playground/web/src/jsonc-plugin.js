// A Prettier plugin for JSON with comments, in place of Prettier's own, which needs a whole
// JavaScript parser for the variables and headers editors.
import { applyEdits, format } from "jsonc-parser";

const layout = { insertSpaces: true, tabSize: 2, eol: "\n" };

export const parsers = {
  jsonc: {
    astFormat: "jsonc-text",
    parse: (text) => ({ text: applyEdits(text, format(text, undefined, layout)), length: text.length }),
    locStart: () => 0,
    locEnd: (node) => node.length,
  },
};

export const printers = {
  "jsonc-text": { print: (path) => path.node.text },
};
