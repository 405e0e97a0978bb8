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

const PAGE = 1000; // recordings that are asked for at once

/** Return everything that is enrolled, recording by recording. */
export async function allRecordings() {
  const found = [];
  for (;;) {
    const { recordings, total } = await call("GET", `api/recordings?offset=${found.length}&limit=${PAGE}`);
    found.push(...recordings);
    if (!recordings.length || found.length >= (total ?? 0)) return found;
  }
}

/** Ask the server again who is enrolled, and tell all views. */
export async function refresh() {
  [facts, { people: all }] = await Promise.all([call("GET", "api/gallery"), call("GET", "api/people")]);
  watchers.forEach((watch) => watch());
}
