// The session: an access and a refresh token in localStorage, one refresh for all tabs, every request with the bearer.

const ACCESS = "ecrm.access";
const REFRESH = "ecrm.refresh";
const BASE = "/_allauth/app/v1/";

export const signedIn = () => Boolean(localStorage.getItem(ACCESS));

export function keep(tokens) {
  localStorage.setItem(ACCESS, tokens.access_token);
  if (tokens.refresh_token) localStorage.setItem(REFRESH, tokens.refresh_token);
}

export function forget() {
  localStorage.removeItem(ACCESS);
  localStorage.removeItem(REFRESH);
}

export function toSignIn() {
  const here = location.pathname + location.search;
  location.assign("/signin/" + (here === "/o/" ? "" : "?next=" + encodeURIComponent(here)));
}

// Seconds until the token expires; its payload is read, not trusted: the server decides.
function secondsLeft(token) {
  try {
    const payload = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    return payload.exp - Date.now() / 1000;
  } catch {
    return 0;
  }
}

// One tab refreshes, the others wait for the lock and find the new token: a refresh token works once.
async function refreshed(stale) {
  return navigator.locks.request("ecrm-refresh", async () => {
    const current = localStorage.getItem(ACCESS);
    if (current && current !== stale) return current;
    const response = await fetch(BASE + "tokens/refresh", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: localStorage.getItem(REFRESH) }),
      credentials: "omit",
    });
    if ([400, 401, 403, 410].includes(response.status)) {
      forget();
      return null;
    }
    if (!response.ok) throw new TypeError("refresh failed: " + response.status);
    keep((await response.json()).data);
    return localStorage.getItem(ACCESS);
  });
}

export class SignedOut extends Error {}

// fetch with the bearer token; renews it when it is about to end, and once more where the server refuses it.
export async function authorisedFetch(url, options = {}) {
  let token = localStorage.getItem(ACCESS);
  if (token && secondsLeft(token) < 5) token = await refreshed(token);
  const ask = (bearer) => {
    const headers = new Headers(options.headers || {});
    if (bearer) headers.set("Authorization", "Bearer " + bearer);
    return fetch(url, { ...options, headers, credentials: "omit" });
  };
  if (!token) throw new SignedOut();
  let response = await ask(token);
  if (response.status === 401) {
    token = await refreshed(token);
    if (!token) throw new SignedOut();
    response = await ask(token);
  }
  return response;
}

export async function signOut() {
  try {
    await authorisedFetch(BASE + "auth/session", { method: "DELETE" });
  } catch { /* signed out already, or offline: the tokens go either way */ }
  forget();
  location.assign("/signin/");
}
