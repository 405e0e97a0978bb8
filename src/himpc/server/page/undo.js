// Delayed actions: a change is sent after some seconds, in which it can be undone.
import { announce, button, el } from "./dom.js";

const DELAY = 8000; // ms
const TICK = 100; // ms
const pending = new Map(); // by toast
const listeners = new Set();

/** Call a function whenever the pending actions change. */
export function onPendingChange(listener) { listeners.add(listener); }

/** Describe the pending change of a person ("person:Ann") or recording ("recording:17"); null if there is none. */
export function pendingChange(key) {
  for (const action of pending.values()) if (action.changes[key]) return action.changes[key];
  return null;
}

/**
 * Delay an action.
 *
 * `text` describes it; `changes` describes what it does to each person and recording; `run({keepalive})` sends it;
 * `done(result)` is called afterwards and returns a text to announce. If the page is closed before the time is over, the
 * action is sent, unless `abandon` is set: then it does not happen.
 */
export function schedule({ text, changes, run, done, abandon = false }) {
  const toast = el("div", { class: "toast" });
  const progress = el("progress", { max: DELAY, value: DELAY, "aria-label": `Time left to undo: ${text}` });
  const action = { text, changes, run, done, abandon, toast, progress, left: DELAY, holds: 0 };
  toast.append(
    el("p", { text }), progress,
    el("div", { class: "row" }, button("Undo", () => undo(action), { class: "undo" }), button("Apply now", () => send(action), { class: "quiet" })));
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => { action.holds += 1; });
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, () => { action.holds -= 1; });
  toastArea().append(toast);
  action.timer = setInterval(() => tick(action), TICK);
  pending.set(toast, action);
  announce(`${text} in 8 seconds. Undo with Control Z.`);
  notify();
}

const toastArea = () => document.getElementById("toasts");
const notify = () => listeners.forEach((listener) => listener());

function tick(action) {
  if (action.holds > 0) return; // the countdown stops while the pointer or the focus is on the toast
  action.left -= TICK;
  action.progress.value = Math.max(0, action.left);
  if (action.left <= 0) send(action);
}

function remove(action) {
  clearInterval(action.timer);
  pending.delete(action.toast);
  const hadFocus = action.toast.contains(document.activeElement);
  action.toast.remove();
  if (hadFocus) document.getElementById("main").focus({ preventScroll: true });
}

function undo(action) {
  remove(action);
  announce(`Undone: ${action.text}`);
  notify();
}

async function send(action, keepalive = false) {
  if (!pending.has(action.toast)) return;
  remove(action);
  try {
    announce(action.done(await action.run({ keepalive })));
  } catch (error) {
    showError(`${action.text}: failed. ${error.message}`);
  }
  notify();
}

/** Show an error until it is closed. */
export function showError(text) {
  const toast = el("div", { class: "toast bad", role: "alert" }, el("p", { text }));
  toast.append(el("div", { class: "row" }, button("Close", () => toast.remove())));
  toastArea().append(toast);
}

addEventListener("pagehide", () => {
  for (const action of [...pending.values()]) {
    if (action.abandon) remove(action); // also where the browser keeps the page to come back to
    else send(action, true);
  }
});
addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.matches("input:not([type=checkbox]), select, textarea");
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey || typing) return;
  const newest = [...pending.values()].at(-1);
  if (newest) {
    event.preventDefault();
    undo(newest);
  }
});
