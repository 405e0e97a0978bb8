// Actions that are held back for a while, so that they can be undone: they are sent when the time is over.
import { button, el, say } from "./dom.js";

const HELD = 8000;
const TICK = 100;
const waiting = new Map();
const watchers = new Set();

/** Call `watch` whenever what is held back changes. */
export function onChange(watch) { watchers.add(watch); }

/** Return what will happen to a person ("person:Ann") or recording ("recording:17"), or null. */
export function fate(key) {
  for (const action of waiting.values()) if (action.fates[key]) return action.fates[key];
  return null;
}

/**
 * Hold an action back.
 *
 * `text` says what will happen; `fates` say it in a few words for each person and recording that it changes;
 * `run({keepalive})` sends it; `done(result)` is called afterwards, and may return what to say.
 */
export function hold({ text, fates, run, done }) {
  const toast = el("div", { class: "toast" });
  const bar = el("progress", { max: HELD, value: HELD, "aria-label": `Time left to undo: ${text}` });
  const action = { left: HELD, fates, run, done, toast, bar, stopped: 0, text };
  toast.append(
    el("p", { text }), bar,
    el("div", { class: "row" }, button("Undo", () => undo(action), { class: "undo" }), button("Do it now", () => send(action), { class: "quiet" })),
  );
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => { action.stopped += 1; });
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, () => { action.stopped -= 1; });
  place().append(toast);
  action.timer = setInterval(() => tick(action), TICK);
  waiting.set(toast, action);
  say(`${text} in 8 seconds. Undo with Control Z.`);
  tell();
}

const place = () => document.getElementById("toasts");
const tell = () => watchers.forEach((watch) => watch());

function tick(action) {
  if (action.stopped > 0) return; // the time stands still for who points at Undo, or is on the way to it
  action.left -= TICK;
  action.bar.value = Math.max(0, action.left);
  if (action.left <= 0) send(action);
}

function drop(action) {
  clearInterval(action.timer);
  waiting.delete(action.toast);
  const inside = action.toast.contains(document.activeElement);
  action.toast.remove();
  if (inside) document.getElementById("main").focus({ preventScroll: true });
}

function undo(action) {
  drop(action);
  say(`Undone: ${action.text}`);
  tell();
}

async function send(action, keepalive = false) {
  if (!waiting.has(action.toast)) return;
  drop(action);
  try {
    const said = await action.done(await action.run({ keepalive }));
    if (said) say(said);
  } catch (error) {
    complain(`${action.text}: that did not work. ${error.message}`);
  }
  tell();
}

/** Show an error until it is closed. */
export function complain(text) {
  const toast = el("div", { class: "toast bad", role: "alert" }, el("p", { text }));
  toast.append(el("div", { class: "row" }, button("Close", () => toast.remove())));
  place().append(toast);
}

addEventListener("pagehide", () => { for (const action of [...waiting.values()]) send(action, true); });
addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.matches("input:not([type=checkbox]), select, textarea");
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey || typing) return;
  const newest = [...waiting.values()].at(-1);
  if (newest) {
    event.preventDefault();
    undo(newest);
  }
});
