// Modal dialogs, which take the focus and give it back.
import { button, el, field, newId } from "./dom.js";

const MAX_SUGGESTIONS = 500;

/** Ask in a dialog; return the values of its named controls, or null if it was cancelled. */
export function ask({ title, text = "", controls = [], submit }) {
  const id = newId("dialog");
  const form = el("form", { method: "dialog" },
    el("h2", { id, text: title }),
    text ? el("p", { text }) : null,
    ...controls,
    el("div", { class: "row end" },
      button("Cancel", () => dialog.close("")),
      el("button", { type: "submit", value: "yes", class: "primary", text: submit })));
  const dialog = el("dialog", { "aria-labelledby": id }, form);
  return new Promise((resolve) => {
    open(dialog, () => resolve(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null));
  });
}

/** Show content in a dialog; `onClose` is called when it closes. */
export function show(title, content, onClose) {
  const id = newId("dialog");
  const dialog = el("dialog", { "aria-labelledby": id, class: "wide" },
    el("div", { class: "row between" }, el("h2", { id, text: title }), button("Close", () => dialog.close())), content);
  open(dialog, onClose);
}

function open(dialog, onClose) {
  document.body.append(dialog);
  const focused = document.activeElement;
  dialog.addEventListener("close", () => {
    onClose();
    dialog.remove();
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus();
  });
  dialog.showModal();
}

const options = (names) => names.slice(0, MAX_SUGGESTIONS).map((name) => el("option", { value: name }));

/** A field for the name of a person that suggests the names which `names()` returns. */
export function nameField(label, names, { value = "", hint = "", required = true } = {}) {
  const list = el("datalist", { id: newId("names") }, options(names()));
  const input = el("input", { name: "name", value, required, maxlength: 200, list: list.id, autocomplete: "off", spellcheck: "false" });
  input.addEventListener("focus", () => list.replaceChildren(...options(names())));
  return { input, node: el("div", {}, field(label, input, hint), list) };
}

/** Ask for the token; return null if the dialog was cancelled. */
export async function askForToken(message) {
  const input = el("input", { name: "token", type: "password", required: true, autocomplete: "off" });
  const values = await ask({
    title: "Token required",
    text: message,
    controls: [field("Token", input, "Ask the person who started the server.")],
    submit: "Open the gallery",
  });
  return values?.token || null;
}
