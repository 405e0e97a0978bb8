// What the page knows of the gallery.
import { call } from "./api.js";

let facts = null;
let all = [];
const watchers = new Set();

export const gallery = () => facts;
export const everybody = () => all;
/** The names of everybody enrolled. */
export const known = () => all.map((person) => person.name);
export function onRefresh(watch) { watchers.add(watch); }

/** Ask the server again who is enrolled, and tell all views. */
export async function refresh() {
  [facts, { people: all }] = await Promise.all([call("GET", "api/gallery"), call("GET", "api/people")]);
  watchers.forEach((watch) => watch());
}
