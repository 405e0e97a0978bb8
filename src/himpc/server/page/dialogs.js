// Questions to the user, each in a dialog that holds the focus and gives it back.
import { button, el, field, newId } from "./dom.js";

/** Ask in a dialog; return the values of the form's named controls, or null if it was closed. */
export function ask({ title, text = "", controls = [], yes, danger = false }) {
  const id = newId("dialog");
  const form = el("form", { method: "dialog" },
    el("h2", { id, text: title }),
    text ? el("p", { text }) : null,
    ...controls,
    el("div", { class: "row end" },
      button("Cancel", () => dialog.close("")),
      el("button", { type: "submit", value: "yes", class: danger ? "danger" : "primary", text: yes })));
  const dialog = el("dialog", { "aria-labelledby": id }, form);
  document.body.append(dialog);
  const before = document.activeElement;
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null);
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    });
    dialog.showModal();
  });
}

/** Show something in a dialog until it is closed. */
export function show(title, content, closed = () => {}) {
  const id = newId("dialog");
  const dialog = el("dialog", { "aria-labelledby": id, class: "wide" },
    el("div", { class: "row between" }, el("h2", { id, text: title }), button("Close", () => dialog.close())), content);
  document.body.append(dialog);
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    closed();
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });
  dialog.showModal();
}

/** A box for a person's name that offers those there are. */
export function nameBox(label, names, { value = "", hint = "", required = true } = {}) {
  const list = el("datalist", { id: newId("names") }, names.slice(0, 500).map((name) => el("option", { value: name })));
  const box = el("input", { name: "name", value, required, maxlength: 200, list: list.id, autocomplete: "off", spellcheck: "false" });
  return el("div", {}, field(label, box, hint), list);
}

export const askToken = async (message) => {
  const box = el("input", { name: "token", type: "password", required: true, autocomplete: "off" });
  const given = await ask({
    title: "This gallery asks for its token",
    text: message,
    controls: [field("Token", box, "Whoever started the server knows it.")],
    yes: "Open the gallery",
  });
  return given && given.token ? given.token : null;
};
