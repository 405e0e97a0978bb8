// Two walkers in step: which time of one goes with which of the other.
import { placed } from "./walker.js";

const RATE = 12; // poses a second that are compared
const KNOT = 6; // poses after which the step is looked at again: half a second
const SPAN = 12; // poses that are compared where the second walker starts anew: one second
const NEAR = 5; // poses to either side that are compared to stay in step
const REACH = 7; // poses around a pair of moments in which the best step is looked for: half a gait cycle
const PACES = [0, -1, 1, -2, 2, -3, 3]; // poses that the other may be ahead or behind at the next knot
const DEAR = 0.06; // what each of them costs, as a share of the distance
const BARE = { onTheSpot: true, oneHeading: true, start: [0, 0, 0] };

/**
 * Return the times that go together: [[second of the first, second of the other]], rising by the first.
 *
 * The search says which two moments are alike; from there on both run on one clock, but that every half second the other
 * may gain or lose up to a quarter of a second to stay in step: frames that were dropped are gone from a recording's
 * clock. Where it ends, it goes on where it is most alike.
 */
export function inStep(first, second, moment) {
  const a = poses(first), b = poses(second);
  const last = b.length - 1;
  const frame = (walker, number, most) => Math.min(most, Math.max(0, Math.round(walker.secondsOf(number) * RATE)));
  const t = moment ? frame(first, moment.start, a.length - 1) : 0;
  const u = moment ? frame(second, moment.recording_start, last) : 0;
  const start = moment ? best(a, b, t, u - REACH, u + REACH, 1) : best(a, b, t, 0, last, 1);
  const pairs = [...follow(a, b, t, start, -1).reverse(), [t, start], ...follow(a, b, t, start, 1)];
  return pairs.map(([one, other]) => [one / RATE, other / RATE]);
}

/** Return the second of the other walker that goes with a second of the first. */
export function partner(pairs, seconds) {
  const after = pairs.findIndex(([one]) => one > seconds);
  if (after <= 0) return pairs.at(after)[1] + seconds - pairs.at(after)[0];
  const [[t0, u0], [t1, u1]] = [pairs[after - 1], pairs[after]];
  return u0 + ((u1 - u0) * (seconds - t0)) / (t1 - t0);
}

const poses = (walker) => Array.from({ length: Math.floor(walker.seconds * RATE) + 1 }, (_, i) => placed(walker, i / RATE, BARE));

function follow(a, b, t, u, way) {
  const pairs = [], last = b.length - 1, knot = Math.min(KNOT, last);
  while (knot && (way > 0 ? t < a.length - 1 : t > 0)) {
    const room = way > 0 ? last - u : u;
    const step = Math.min(knot, room, way > 0 ? a.length - 1 - t : t);
    const paces = PACES.map((more) => ({ more, place: u + way * step + more }))
      .filter(({ place }) => (place - u) * way > 0 && place >= 0 && place <= last);
    if (!room) { // the other ends here
      u = way > 0 ? best(a, b, t, 0, last - knot, way) : best(a, b, t, knot, last, way);
      pairs.push([t, u]);
      continue;
    }
    t += way * step;
    const costs = paces.map(({ more, place }) => apart(a, b, t, place, -NEAR, NEAR) * (1 + DEAR * Math.abs(more)));
    u = paces[costs.indexOf(Math.min(...costs))].place;
    pairs.push([t, u]);
  }
  return pairs;
}

// The place in b, between two, from which (or, backwards, up to which) it goes best with a from t on.
function best(a, b, t, low, high, way) {
  let found = Math.min(b.length - 1, Math.max(0, low)), least = Infinity;
  for (let u = Math.max(0, low); u <= Math.min(b.length - 1, high); u += 1) {
    const cost = way > 0 ? apart(a, b, t, u, 0, SPAN) : apart(a, b, t, u, -SPAN, 0);
    if (cost < least) [found, least] = [u, cost];
  }
  return found;
}

// The mean squared distance between joints, in metres, over poses around two places.
function apart(a, b, t, u, from, to) {
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
