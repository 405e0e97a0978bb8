// Synchronisation of two walkers: which time of one corresponds to which time of the other.
import { placedPose } from "./walker.js";

const RATE = 12; // poses per second that are compared
const KNOT = 6; // poses between two corrections: half a second
const SPAN = 12; // poses that are compared to find a new start: one second
const REACH = 5; // poses to either side that are compared for a correction
const SEARCH = 7; // poses around a pair of moments that are searched for the best alignment: half a gait cycle
const SHIFTS = [0, -1, 1, -2, 2, -3, 3]; // poses by which a correction may shift the second walker
const SHIFT_COST = 0.06; // per pose, as a share of the distance
const OPTIONS = { onTheSpot: true, sameHeading: true, start: [0, 0, 0] };

/**
 * Return corresponding times, [[seconds of the first, seconds of the second]], in order of the first.
 *
 * The pair of similar windows that the search found is the anchor. From there, both run on one clock; every half second
 * the second walker may shift by up to a quarter of a second, since dropped frames are missing from a recording's clock.
 * Where it ends, it continues where it is most similar.
 */
export function synchronise(first, second, moment) {
  const a = samplePoses(first), b = samplePoses(second);
  const pose = (walker, frame, poses) => Math.min(poses.length - 1, Math.max(0, Math.round(walker.secondsOf(frame) * RATE)));
  const t = moment ? pose(first, moment.start, a) : 0;
  const u = moment ? pose(second, moment.recording_start, b) : 0;
  const start = moment ? bestStart(a, b, t, u - SEARCH, u + SEARCH, 1) : bestStart(a, b, t, 0, b.length - 1, 1);
  const pairs = [...follow(a, b, t, start, -1).reverse(), [t, start], ...follow(a, b, t, start, 1)];
  return pairs.map((pair) => pair.map((index) => index / RATE));
}

/** Return the time of the second walker that corresponds to a time of the first. */
export function matchingTime(pairs, seconds) {
  const next = pairs.findIndex(([time]) => time > seconds);
  if (next <= 0) return pairs.at(next)[1] + seconds - pairs.at(next)[0];
  const [[t0, u0], [t1, u1]] = [pairs[next - 1], pairs[next]];
  return u0 + ((u1 - u0) * (seconds - t0)) / (t1 - t0);
}

const samplePoses = (walker) => Array.from({ length: Math.floor(walker.duration * RATE) + 1 }, (_, i) => placedPose(walker, i / RATE, OPTIONS));

// Extend a pair of corresponding poses to one end of the first walker.
function follow(a, b, t, u, direction) {
  const pairs = [], last = b.length - 1, knot = Math.min(KNOT, last);
  while (knot && (direction > 0 ? t < a.length - 1 : t > 0)) {
    const left = direction > 0 ? last - u : u;
    if (!left) { // the second walker ends here
      u = direction > 0 ? bestStart(a, b, t, 0, last - knot, direction) : bestStart(a, b, t, knot, last, direction);
      pairs.push([t, u]);
      continue;
    }
    const step = Math.min(knot, left, direction > 0 ? a.length - 1 - t : t);
    t += direction * step;
    const candidates = SHIFTS.map((shift) => ({ index: u + direction * step + shift, factor: 1 + SHIFT_COST * Math.abs(shift) }))
      .filter(({ index }) => (index - u) * direction > 0 && index >= 0 && index <= last);
    const costs = candidates.map(({ index, factor }) => distance(a, b, t, index, -REACH, REACH) * factor);
    u = candidates[costs.indexOf(Math.min(...costs))].index;
    pairs.push([t, u]);
  }
  return pairs;
}

// The index in b, within a range, from which (or backwards, up to which) b is most similar to a from index t.
function bestStart(a, b, t, low, high, direction) {
  const [from, to] = [Math.max(0, low), Math.min(b.length - 1, high)];
  let best = Math.min(b.length - 1, from), least = Infinity;
  for (let u = from; u <= to; u += 1) {
    const cost = direction > 0 ? distance(a, b, t, u, 0, SPAN) : distance(a, b, t, u, -SPAN, 0);
    if (cost < least) [best, least] = [u, cost];
  }
  return best;
}

// The mean squared distance between joints, in square metres, over poses around two indices.
function distance(a, b, t, u, from, to) {
  let sum = 0, n = 0;
  for (let i = from; i <= to; i += 1) {
    a[t + i]?.forEach((joint, j) => {
      const other = b[u + i]?.[j];
      if (!joint || !other) return;
      sum += (joint[0] - other[0]) ** 2 + (joint[1] - other[1]) ** 2 + (joint[2] - other[2]) ** 2;
      n += 1;
    });
  }
  return n ? sum / n : Infinity;
}
