// Sign-up, verification, sign-in and password reset: plain forms that speak allauth's headless API.
// <form data-auth="auth/login" data-then="…">; errors go to their fields, whose elements are named as the API names them.

import { authorisedFetch, forget, keep, signedIn } from "./session.js";
import { toast } from "./ui.js";

const BASE = "/_allauth/app/v1/";
const PENDING = "ecrm.pending"; // allauth's session token while a sign-up, sign-in or reset is under way
const ADDRESS = "ecrm.address"; // where the code went

function endFlow() {
  sessionStorage.removeItem(PENDING);
  sessionStorage.removeItem(ADDRESS);
}

// Only paths of this site: `next` comes from the address bar. The browser itself says where it would lead.
function next() {
  const wanted = new URLSearchParams(location.search).get("next") || "/o/";
  const url = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : location;
  return url !== location && url.origin === location.origin ? url.pathname + url.search + url.hash : "/o/";
}

function onward(path) {
  const given = new URLSearchParams(location.search).get("next");
  location.assign(path + (given ? "?next=" + encodeURIComponent(given) : ""));
}

async function call(path, method, body, options = {}) {
  const headers = { "Content-Type": "application/json" };
  const pending = sessionStorage.getItem(PENDING);
  if (pending && !options.signedIn) headers["X-Session-Token"] = pending;
  const ask = options.signedIn ? authorisedFetch : (url, init) => fetch(url, { ...init, credentials: "omit" });
  const response = await ask(BASE + path, { method, headers, body: body ? JSON.stringify(body) : undefined });
  const answer = await response.json().catch(() => ({}));
  if (answer.meta?.session_token) sessionStorage.setItem(PENDING, answer.meta.session_token);
  return { status: response.status, ...answer };
}

function pendingFlow(answer) {
  return (answer.data?.flows || []).find((flow) => flow.is_pending)?.id;
}

function showErrors(form, answer) {
  const general = form.querySelector("[data-errors]");
  for (const { message, param } of answer.errors || []) {
    const input = param && form.elements.namedItem(param === "password1" ? "password" : param);
    const place = input && document.getElementById(input.id + "_error");
    if (!place) { general.textContent += message + " "; general.hidden = false; continue; }
    place.textContent = message;
    place.hidden = false;
    input.setAttribute("aria-invalid", "true");
  }
  form.querySelector("[aria-invalid]")?.focus();
}

function clearErrors(form) {
  for (const place of form.querySelectorAll("[role=alert]")) { place.textContent = ""; place.hidden = true; }
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

// What allauth's answer means: signed in, a code to enter, a new password to choose, or errors to show.
function follow(form, answer) {
  if (answer.status === 429) return showErrors(form, { errors: [{ message: "Too many tries. Please wait a few minutes, then try again." }] });
  if (answer.status === 200 && answer.meta?.access_token) {
    endFlow();
    keep(answer.meta);
    return location.assign(next());
  }
  const flow = pendingFlow(answer);
  if (answer.status === 401 && flow === "verify_email") {
    if (form.elements.namedItem("email")) sessionStorage.setItem(ADDRESS, form.elements.namedItem("email").value);
    return onward("/verify/");
  }
  if (form.dataset.auth === "auth/password/request" && answer.status === 401) return reveal(form);
  if (form.dataset.auth === "auth/password/reset" && (answer.status === 200 || answer.status === 401)) {
    endFlow();
    return location.assign("/signin/?reset");
  }
  if (form.dataset.auth === "account/password/change" && answer.status === 200) return signInAnew(form, answer);
  if (answer.status === 409 || answer.status === 410) {
    endFlow();
    return showErrors(form, { errors: [{ message: "This took too long or was finished already. Please start again." }] });
  }
  showErrors(form, answer.errors ? answer : { errors: [{ message: "That did not work. Please try again." }] });
}

// A new password ends every session, this one too; allauth leaves one without tokens behind, which nobody needs.
async function signInAnew(form, changed) {
  const credentials = { email: changed.data.user.email, password: form.elements.namedItem("new_password").value };
  await call("auth/session", "DELETE").catch(() => {});
  endFlow();
  const answer = await call("auth/login", "POST", credentials).catch(() => ({}));
  endFlow();
  if (!answer.meta?.access_token) {
    forget();
    return location.assign("/signin/?changed");
  }
  keep(answer.meta);
  form.reset();
  toast("Your password is changed. Other devices are signed out.");
}

function reveal(form) {
  form.hidden = true;
  const second = document.getElementById(form.dataset.then);
  second.hidden = false;
  second.querySelector("input").focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-auth]");
  if (!form) return;
  event.preventDefault();
  clearErrors(form);
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  try {
    const body = Object.fromEntries(new FormData(form));
    const options = { signedIn: form.hasAttribute("data-signed-in") };
    await follow(form, await call(form.dataset.auth, "POST", body, options));
  } catch {
    showErrors(form, { errors: [{ message: "No connection to eCRM. Please try again." }] });
  } finally {
    button.disabled = false;
  }
});

document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-resend]")) return;
  const answer = await call("auth/email/verify/resend", "POST").catch(() => ({}));
  toast(answer.status === 200 ? "A new code is on its way." : "A new code can be sent in a while. The last one may still arrive.");
});

// A person who is signed in has no use for the front door.
function passFrontDoor() {
  if (document.querySelector("[data-when-signed-in]") && signedIn()) location.replace(next());
}

// The page that asks for a code says where it went; without a flow under way there is none that could be entered.
function showFlow() {
  const pending = Boolean(sessionStorage.getItem(PENDING));
  for (const place of document.querySelectorAll("[data-pending]")) place.hidden = (place.dataset.pending === "yes") !== pending;
  const address = sessionStorage.getItem(ADDRESS);
  for (const place of document.querySelectorAll("[data-address]")) if (address) place.textContent = address;
}

document.addEventListener("click", (event) => { if (event.target.closest("[data-start-again]")) endFlow(); });

// What a page needs once it is there, however it came.
export function arrive() {
  passFrontDoor();
  showFlow();
}

arrive();
