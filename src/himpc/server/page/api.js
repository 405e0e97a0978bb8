// Requests to the server, with the token that it may require, and the shared state of the gallery.

/** An error that the server reports, or that it could not be reached (status 0). */
export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const TOKEN_KEY = "himpc-token"; // in the session storage: until the tab is closed
const PAGE_SIZE = 1000; // recordings per request
const JOB_POLL_INTERVAL = 500; // ms
let token = sessionStorage.getItem(TOKEN_KEY);
let askForToken = async () => null;
let tokenDialog = null; // one dialog, however many requests wait for it

/** Set the function that asks the user for the token: it takes a message and returns the token, or null. */
export function onTokenNeeded(ask) { askForToken = ask; }

/** Send a request and return the JSON of the response; `data` is a form, or sent as JSON. */
export async function call(method, path, data = null, { keepalive = false } = {}) {
  for (let retried = false; ; retried = true) {
    const sentToken = token;
    const response = await send(method, path, data, keepalive);
    if (response.ok) return response.json();
    const message = await describe(response);
    if (response.status !== 401 || keepalive) throw new ServerError(response.status, message);
    if (token === sentToken) await signIn(retried ? "This token is wrong." : "The server requires a token.");
    if (token === sentToken) throw new ServerError(401, message);
  }
}

async function signIn(message) {
  tokenDialog ??= askForToken(message).finally(() => { tokenDialog = null; });
  const answer = await tokenDialog;
  if (answer === null) return;
  token = answer;
  sessionStorage.setItem(TOKEN_KEY, token);
}

async function send(method, path, data, keepalive) {
  const headers = { Accept: "application/json", "X-Himpc": "page" }; // errors name fields of the page
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  let body = data;
  if (data !== null && !(data instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(data);
  }
  try {
    return await fetch(path, { method, headers, body, keepalive, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new ServerError(0, "The server does not respond. Check that it is running, and try again.");
  }
}

async function describe(response) {
  const { detail } = await response.json().catch(() => ({}));
  const text = detail || `The server responded with ${response.status} ${response.statusText}.`;
  if (response.status !== 503) return text;
  const seconds = Number(response.headers.get("Retry-After"));
  return `${text.replace(/\.$/, "")}. Try again ${seconds > 0 ? `in ${seconds} s` : "in a moment"}.`;
}

/** Wait for a job and return its result; `onProgress(done, total)` is called in the meantime. */
export async function waitForJob(id, onProgress = () => {}) {
  for (;;) {
    const job = await call("GET", `api/jobs/${encodeURIComponent(id)}`);
    onProgress(job.done, job.total);
    if (job.state === "done") return job.result;
    if (job.state === "failed") throw new ServerError(500, job.detail ?? "The job failed.");
    await new Promise((resolve) => setTimeout(resolve, JOB_POLL_INTERVAL));
  }
}

export const personPath = (name) => `api/people/${encodeURIComponent(name)}`;

let info = null;
let people = [];
const listeners = new Set();

export const galleryInfo = () => info;
export const allPeople = () => people;
export const allNames = () => people.map((person) => person.name);

/** Call a function whenever the gallery was loaded again. */
export function onRefresh(listener) { listeners.add(listener); }

/** Load the gallery again, and notify all views. */
export async function refresh() {
  [info, { people }] = await Promise.all([call("GET", "api/gallery"), call("GET", "api/people")]);
  listeners.forEach((listener) => listener());
}

/** Load all enrolled recordings. */
export async function loadRecordings() {
  const loaded = [];
  for (;;) {
    const { recordings, total } = await call("GET", `api/recordings?offset=${loaded.length}&limit=${PAGE_SIZE}`);
    loaded.push(...recordings);
    if (!recordings.length || loaded.length >= total) return loaded;
  }
}
