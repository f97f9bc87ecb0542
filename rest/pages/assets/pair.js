"use strict";
// Asks for the code every second while a session waits for its scan, and shows it. The key is read from the form
// or from the address's fragment (#session=…&key=…), which browsers do not send; it is kept in this page only.
const $ = (id) => document.getElementById(id);
const every = 1000;
let generation = 0;

async function show(session, key, mine) {
  const base = "/api/v1/sessions/" + encodeURIComponent(session);
  const headers = { "x-api-key": key };
  while (mine === generation) {
    const step = await look(base, headers);
    if (mine !== generation) return;
    $("status").textContent = step.text;
    if (step.picture) {
      URL.revokeObjectURL($("picture").src);
      $("picture").src = URL.createObjectURL(step.picture);
    }
    $("figure").hidden = !step.picture;
    if (step.done) return;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

// look gives what to show now: the picture of the code, a word about the session, and whether that is the end of it.
async function look(base, headers) {
  try {
    const code = await fetch(base + "/qr", { headers: { ...headers, Accept: "image/png" }, cache: "no-store" });
    if (code.ok) return { text: "Waiting for the scan.", picture: await code.blob() };
    const { error } = await code.json();
    if (error.details.reason === "qr_not_ready") return { text: "Waiting for WhatsApp to give a code." };
    if (error.details.reason !== "session_already_paired") return { text: error.message, done: code.status < 500 };
    const session = await (await fetch(base, { headers, cache: "no-store" })).json();
    const linked = "Linked to " + (session.phoneNumber || "a number");
    return session.status === "working" ? { text: linked + ".", done: true } : { text: linked + ", connecting." };
  } catch {
    return { text: "The gateway cannot be reached; trying again." };
  }
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  show($("session").value.trim(), $("key").value.trim(), ++generation);
});

const given = new URLSearchParams(location.hash.slice(1));
$("session").value = given.get("session") ?? "";
$("key").value = given.get("key") ?? "";
if (given.has("key")) history.replaceState(null, "", location.pathname);
if (given.has("session") && given.has("key")) $("form").requestSubmit();
