// The plain text beside the HTML: where none is written, what the server makes of the HTML, a moment after the last key.

import { authorisedFetch } from "./session.js";

const WAIT_MS = 500;
const waiting = new WeakMap(); // of each wording: its timer
const asked = new WeakMap(); // and the HTML whose text is shown, or under way

async function derive(wording) {
  const box = wording.querySelector("[data-derived]");
  const html = wording.querySelector("[data-html]").value;
  box.hidden = Boolean(wording.querySelector("[data-text]").value.trim()) || !html.trim();
  if (box.hidden || asked.get(wording) === html) return;
  asked.set(wording, html);
  try {
    const body = new FormData();
    body.append("body_html", html);
    const response = await authorisedFetch(wording.querySelector("[data-derive]").dataset.derive, { method: "POST", body });
    const text = await response.text();
    if (asked.get(wording) !== html) return; // there is something newer already
    box.querySelector("pre").textContent = response.ok || response.status === 422 ? text : "";
  } catch {
    asked.delete(wording);
  }
}

function later(wording, wait) {
  clearTimeout(waiting.get(wording));
  waiting.set(wording, setTimeout(() => derive(wording), wait));
}

document.addEventListener("input", (event) => {
  const wording = event.target.matches?.("[data-html], [data-text]") && event.target.closest("[data-wording]");
  if (wording) later(wording, WAIT_MS);
});

// What a page brings along is derived when it can be seen: of twenty steps' variants most are folded away.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) later(target.closest("[data-wording]"), 0);
  }
});

function watch() {
  for (const part of document.querySelectorAll("[data-derive]:not([data-watched])")) {
    part.dataset.watched = "";
    seen.observe(part);
  }
}

document.addEventListener("htmx:after:swap", watch);
watch();
