// The way to the server, and the token it may ask for.

/** What the server said, or why it could not. */
export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const KEPT = "himpc-token"; // until the tab is closed
let token = sessionStorage.getItem(KEPT);
let askForToken = async () => null;
let asking = null; // one question, however many calls wait for the answer

/** Set what asks the user for the token: a function of a message, which returns it, or null to give up. */
export function onTokenNeeded(ask) { askForToken = ask; }

/** Call the server and return the JSON of its answer; `data` is sent as JSON, or as it is if it is a form. */
export async function call(method, path, data = null, { keepalive = false } = {}) {
  for (let asked = false; ; asked = true) {
    const sent = token;
    const response = await send(method, path, data, keepalive);
    if (response.ok) return response.json();
    const message = await words(response);
    if (response.status !== 401 || keepalive) throw new ServerError(response.status, message);
    if (token === sent) await signIn(asked ? "That is not the token." : "The server was started with a token: type it here.");
    if (token === sent) throw new ServerError(401, message);
  }
}

async function signIn(message) {
  asking ??= askForToken(message).finally(() => { asking = null; });
  const given = await asking;
  if (given === null) return;
  token = given;
  sessionStorage.setItem(KEPT, token);
}

async function send(method, path, data, keepalive) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Himpc"] = "1";
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  let body = null;
  if (data instanceof FormData) body = data;
  else if (data !== null) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(data);
  }
  try {
    return await fetch(path, { method, headers, body, keepalive, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new ServerError(0, "The server does not answer: look whether himpc serve still runs, then try again.");
  }
}

async function words(response) {
  let detail = null;
  try {
    ({ detail } = await response.json());
  } catch { /* not JSON: the status has to do */ }
  if (Array.isArray(detail)) detail = detail.map((each) => `${(each.loc ?? []).slice(1).join(".")}: ${each.msg}`).join("; ");
  const text = detail || `The server answered ${response.status} ${response.statusText}.`;
  if (response.status !== 503 && response.status !== 429) return text;
  const wait = Number(response.headers.get("Retry-After"));
  return `${text.replace(/\.$/, "")}. Try again ${wait > 0 ? `in ${wait} s` : "in a moment"}.`;
}

/** Return the result of a job, when it is done; `progress(done, total, state)` is told meanwhile. */
export async function job(id, progress = () => {}) {
  for (;;) {
    const now = await call("GET", `api/jobs/${encodeURIComponent(id)}`);
    progress(now.done, now.total, now.state);
    if (now.state === "done") return now.result;
    if (now.state === "failed") throw new ServerError(500, now.detail ?? "The work stopped.");
    await new Promise((go) => setTimeout(go, 500));
  }
}

export const person = (name) => `api/people/${encodeURIComponent(name)}`;
