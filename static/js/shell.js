// The shell: asks for the page with the token, lets htmx do the rest, and says so when something fails.

import { authorisedFetch, forget, signedIn, SignedOut, toSignIn } from "./session.js";
import { toast } from "./ui.js";
import { sending } from "./upload.js";
import { arrive } from "./auth.js";
import "./editor.js";
import "./sequence.js";
import "./choosing.js";
import "./derived.js";
import "./files.js";
import "./templates.js";
import "./visual.js";

const OFFLINE = "No connection to eCRM. What you typed is still here; please try again.";
const UPLOAD_MS = 30 * 60 * 1000;
const REFUSED = {
  403: "Your role does not allow this. Ask an owner of the organisation.",
  404: "This is not there any more.",
  409: "The state it is in does not allow this. Reload the page to see it.",
  413: "That is too large.",
  429: "Too many requests. Please wait a moment, then try again.",
};

// A form without an action, and "?page=2", mean the page that they stand on.
const isPublic = (url) => !/^\/(o|account|oauth)(\/|$)/.test(new URL(url, location.href).pathname);
const isPage = (ctx) => ctx.target === document.body;
const busy = new WeakSet(); // forms whose POST is under way: a second click must not do it twice

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  if (!isPublic(ctx.request.action)) ctx.fetch = authorisedFetch;
  if (ctx.request.method === "GET") return;
  ctx.push ??= "false"; // only a page that one can come back to stands in the history
  const { form } = ctx.request;
  if (form?.enctype === "multipart/form-data") {
    ctx.request.timeout = UPLOAD_MS;
    ctx.fetch = (url, options) => authorisedFetch(url, options, sending(form));
  }
  if (busy.has(ctx.sourceElement)) return event.preventDefault();
  busy.add(ctx.sourceElement);
});

document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.hx?.location) busy.delete(ctx.sourceElement);
});

// The page that stands here already takes no second place in the history.
document.addEventListener("htmx:before:history:update", (event) => {
  const { history } = event.detail;
  if (history.path === location.pathname + location.search) history.type = "replace";
});

// An error is a page of its own where a page was asked for; elsewhere what is on the screen stays, and a toast says why.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const { status } = ctx.response;
  if (status === 401) {
    event.preventDefault();
    forget();
    return toSignIn();
  }
  if (status < 400 || status === 422 || (isPage(ctx) && ctx.request.method === "GET")) return;
  event.preventDefault();
  if (!ctx.hx.trigger) toast(REFUSED[status] || "That did not work. Please try again.", "error");
});

document.addEventListener("htmx:error", (event) => {
  const { ctx, error } = event.detail;
  if (error instanceof SignedOut) return toSignIn(ctx?.request.method === "GET" && isPage(ctx) ? ctx.request.action : undefined);
  const message = error?.name === "AbortError" ? "That took too long. Please try again." : OFFLINE;
  const waiting = document.querySelector("[data-waiting]");
  if (!waiting) return toast(message, "error");
  waiting.hidden = true;
  document.querySelector("[data-waited]").hidden = false;
});

// A page that came whole: begin at what is wrong with it, or at its heading, as a browser would after a navigation. htmx
// scrolls up for links and forms alone, not for the page that follows a POST; on the way back the browser scrolls by itself.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (!isPage(ctx)) return;
  arrive();
  if (!ctx.request.headers["HX-History-Restore-Request"]) window.scrollTo(0, 0);
  const heading = document.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  const first = document.querySelector("[aria-invalid=true]") || document.querySelector("[autofocus]:not(dialog *)") || heading;
  first?.focus({ preventScroll: first === heading });
});

// A sign-out in another tab, or before the page came back from the browser's own memory, concerns this one too.
const checkSession = () => { if (!isPublic(location.href) && !signedIn()) toSignIn(); };
window.addEventListener("storage", (event) => { if (event.key === "ecrm.access") checkSession(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) checkSession(); });

function load() {
  if (!document.body.hasAttribute("data-shell")) return;
  if (!signedIn()) return toSignIn();
  document.body.removeAttribute("data-shell");
  htmx.ajax("GET", location.pathname + location.search, { target: "body", swap: "innerHTML", replace: "true" });
}

if (document.readyState === "complete") load();
else window.addEventListener("load", load);
