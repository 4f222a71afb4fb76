// Small behaviours, attached by data- attributes: toasts, dialogs, menus, theme, downloads.

import { authorisedFetch, signOut } from "./session.js";

// Says `message` for a while. The place for it is kept by htmx when a page is swapped; the same message is said once.
export function toast(message, kind = "info") {
  const area = document.querySelector("#toasts");
  for (const old of area.children) if (old.textContent === message) old.remove();
  const box = document.createElement("div");
  box.className = "toast " + kind;
  box.textContent = message;
  area.append(box);
  setTimeout(() => box.remove(), kind === "error" ? 10000 : 5000);
}

// Sent by the server with `HX-Trigger` (`ecrm.web.toast_event`).
document.addEventListener("toast", (event) => toast(event.detail.message, event.detail.kind));

async function download(path) {
  const response = await authorisedFetch("/account/link/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ path }),
  });
  if (!response.ok) return toast("The download could not be prepared. Please try again.", "error");
  location.assign((await response.json()).url);
}

const actions = {
  "[data-sign-out]": () => signOut(),
  "[data-reload]": () => location.reload(),
  "[data-theme-switch]": () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("ecrm.theme", root.dataset.theme);
  },
  "[data-toggle]": (element) => {
    const open = document.getElementById(element.dataset.toggle).classList.toggle("open");
    element.setAttribute("aria-expanded", String(open));
  },
  "[data-dialog]": (element) => document.getElementById(element.dataset.dialog).showModal(),
  "[data-close-dialog]": (element) => element.closest("dialog").close(),
  "[data-check-all]": (element) => {
    const scope = element.closest("form") || document;
    scope.querySelectorAll(`input[name="${element.dataset.checkAll}"]`).forEach((box) => { box.checked = element.checked; });
  },
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-download]");
  if (link) {
    event.preventDefault();
    event.stopImmediatePropagation();
    download(link.getAttribute("href")).catch(() => toast("No connection to eCRM. Please try again.", "error"));
    return;
  }
  for (const [selector, act] of Object.entries(actions)) {
    const element = event.target.closest(selector);
    if (element) act(element);
  }
}, true);

// Escape closes an open menu, and the focus goes back to the button that opened it. An open dialog has the key first.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  for (const button of document.querySelectorAll("[data-toggle][aria-expanded=true]")) {
    actions["[data-toggle]"](button);
    button.focus();
  }
});

// Choices that put values into other fields of their form: <select data-fill>, <option data-host="…">.
document.addEventListener("change", (event) => {
  if (!event.target.matches("select[data-fill]")) return;
  const values = event.target.selectedOptions[0].dataset;
  for (const [name, value] of Object.entries(values)) {
    const field = event.target.form.elements.namedItem(name);
    if (field) field.value = value;
  }
});

// Files that are too large, together, are said to be so before they are sent: <input type="file" data-max-bytes data-too-large>.
document.addEventListener("change", (event) => {
  const { files, dataset } = event.target;
  if (!dataset.maxBytes) return;
  const bytes = [...files].reduce((sum, file) => sum + file.size, 0);
  event.target.setCustomValidity(bytes > Number(dataset.maxBytes) ? dataset.tooLarge : "");
  event.target.reportValidity();
});
