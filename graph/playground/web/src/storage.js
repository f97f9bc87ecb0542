// Where GraphiQL keeps its state.
//
// Tabs and headers may hold an API key, so they live as long as the browser tab and only for these
// options: another demo, with another key, starts afresh. History, favorites and looks are kept for good,
// without headers; an entry gets the present ones when it is read back.
import { defaultHeaders } from "./options.js";

const prefix = "graphiql:";
const kept = ["queries", "favorites", "theme", "visiblePlugin", "docExplorerFlex", "editorFlex", "secondaryEditorFlex"];
const withItems = ["queries", "favorites"];

const scope = hash(document.getElementById("options").textContent);
const scoped = (key) => `${scope}:${key}`;
const nameOf = (key) => key.slice(prefix.length);

export const storage = {
  getItem(key) {
    const name = nameOf(key);
    if (!kept.includes(name)) return sessionStorage.getItem(scoped(key));
    const value = localStorage.getItem(key);
    if (!value || !withItems.includes(name)) return value;
    return eachItem(value, (item) => ({ ...item, headers: currentHeaders() }));
  },
  setItem(key, value) {
    const name = nameOf(key);
    if (!kept.includes(name)) return sessionStorage.setItem(scoped(key), value);
    localStorage.setItem(key, withItems.includes(name) ? eachItem(value, ({ headers, ...item }) => item) : value);
  },
  removeItem(key) {
    if (kept.includes(nameOf(key))) localStorage.removeItem(key);
    else sessionStorage.removeItem(scoped(key));
  },
  get length() {
    return ownKeys(localStorage, prefix).length + ownKeys(sessionStorage, `${scope}:${prefix}`).length;
  },
  clear() {
    for (const key of ownKeys(localStorage, prefix)) localStorage.removeItem(key);
    for (const key of ownKeys(sessionStorage, `${scope}:${prefix}`)) sessionStorage.removeItem(key);
  },
};

// Tells whether an earlier load in this browser tab left its tabs.
export function holdsTabs() {
  return storage.getItem(`${prefix}tabState`) !== null;
}

// The text of the headers editor as it was last stored.
export function currentHeaders() {
  return storage.getItem(`${prefix}headers`) ?? defaultHeaders;
}

function ownKeys(area, start) {
  return Object.keys(area).filter((key) => key.startsWith(start));
}

// A list is stored as {"queries": [...]} or {"favorites": [...]}.
function eachItem(json, change) {
  const lists = Object.entries(JSON.parse(json)).map(([name, items]) => [name, items.map(change)]);
  return JSON.stringify(Object.fromEntries(lists));
}

// FNV-1a; it only tells one page from another.
function hash(text) {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(36);
}
