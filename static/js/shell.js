// The shell: asks for the page with the token, lets htmx do the rest, and says so when something fails.

import { authorisedFetch, forget, signedIn, SignedOut, toSignIn } from "./session.js";
import { toast } from "./ui.js";
import "./auth.js";

const isPublic = (url) => !/^\/(o|account)(\/|$)/.test(new URL(url, location.origin).pathname);

document.addEventListener("htmx:config:request", (event) => {
  const ctx = event.detail.ctx;
  if (isPublic(ctx.request.action)) return;
  ctx.fetch = authorisedFetch;
});

document.addEventListener("htmx:error", (event) => {
  const error = event.detail.error || event.detail.ctx?.error;
  if (error instanceof SignedOut) return toSignIn();
  if (error?.name === "AbortError") return toast("That took too long. Please try again.", "error");
  toast("No connection to eCRM. What you typed is still here; please try again.", "error");
});

// A page that came whole: start at its heading, as a browser would after a navigation.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.target !== document.body) return;
  document.querySelector("#main")?.focus({ preventScroll: true });
});

// A new name, a sign-out or another person in another tab concerns this one too.
window.addEventListener("storage", (event) => {
  if (event.key === "ecrm.access" && event.newValue === null && !isPublic(location.href)) toSignIn();
});

function load() {
  if (!document.body.hasAttribute("data-shell")) return;
  if (!signedIn()) { forget(); return toSignIn(); }
  document.body.removeAttribute("data-shell");
  htmx.ajax("GET", location.pathname + location.search, { target: "body", swap: "innerHTML" });
}

if (document.readyState === "complete") load();
else window.addEventListener("load", load);
