// The session: an access and a refresh token in localStorage, one refresh for all tabs, every request with the bearer.

const ACCESS = "ecrm.access";
const REFRESH = "ecrm.refresh";
const BASE = "/_allauth/app/v1/";
const RENEW_SECONDS = 5; // so near its end a token might be dead when it arrives

export class SignedOut extends Error {}

export const signedIn = () => Boolean(localStorage.getItem(ACCESS));

export function keep(tokens) {
  localStorage.setItem(ACCESS, tokens.access_token);
  if (tokens.refresh_token) localStorage.setItem(REFRESH, tokens.refresh_token);
}

export function forget() {
  localStorage.removeItem(ACCESS);
  localStorage.removeItem(REFRESH);
}

export function toSignIn(wanted = location.pathname + location.search) {
  location.assign("/signin/" + (wanted === "/o/" ? "" : "?next=" + encodeURIComponent(wanted)));
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

// Web Locks exist on HTTPS and localhost only; elsewhere one tab at least never refreshes twice at a time.
let last = Promise.resolve();
const inThisTab = (name, work) => (last = last.catch(() => {}).then(work));
const locked = navigator.locks ? navigator.locks.request.bind(navigator.locks) : inThisTab;

// One tab refreshes, the others wait for the lock and find the new token: a refresh token works once.
const refreshed = (stale) => locked("ecrm-refresh", async () => {
  const current = localStorage.getItem(ACCESS);
  return current && current !== stale ? current : renew(localStorage.getItem(REFRESH));
});

// The new access token; null where the session has ended. Throws where the server cannot be asked: nothing is lost then.
async function renew(refreshToken) {
  const response = await fetch(BASE + "tokens/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: refreshToken }),
    credentials: "omit",
    signal: AbortSignal.timeout(20000),
  });
  if ([400, 401, 403, 410].includes(response.status)) {
    if (localStorage.getItem(REFRESH) !== refreshToken) return localStorage.getItem(ACCESS); // another tab was faster
    forget();
    return null;
  }
  if (!response.ok) throw new TypeError("refresh failed: " + response.status);
  keep((await response.json()).data);
  return localStorage.getItem(ACCESS);
}

// fetch (or what does the same) with the bearer token; renews it when it is about to end, and once more where the server
// refuses it.
export async function authorisedFetch(url, options = {}, send = fetch) {
  const ask = (bearer) => {
    if (!bearer) throw new SignedOut("Please sign in again.");
    const headers = new Headers(options.headers || {});
    headers.set("Authorization", "Bearer " + bearer);
    return send(url, { ...options, headers, credentials: "omit" });
  };
  let token = localStorage.getItem(ACCESS);
  if (token && secondsLeft(token) < RENEW_SECONDS) token = await refreshed(token);
  const response = await ask(token);
  return response.status === 401 ? ask(await refreshed(token)) : response;
}

export async function signOut() {
  try {
    await authorisedFetch(BASE + "auth/session", { method: "DELETE", signal: AbortSignal.timeout(10000) });
  } catch { /* signed out already, or offline: the tokens go either way */ }
  forget();
  location.assign("/signin/");
}
