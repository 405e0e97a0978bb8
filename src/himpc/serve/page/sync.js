// Two walkers in step: which time of one goes with which of the other.
import { placed } from "./walker.js";

const SPAN = 1.0; // seconds that are compared
const RATE = 12; // poses a second that are compared
const REACH = 0.6; // seconds around a pair of moments in which the best step is looked for: half a gait cycle
const AT_ONCE = { onTheSpot: true, oneHeading: true, start: [0, 0, 0] };

/**
 * Return stretches of time, [{from, to, shift}]: at second t of the first, the second shows t + shift.
 *
 * The search says which two moments are alike; from there on both run on one clock. Where the second recording ends, it
 * goes on at its moment that is most alike then, so that the two stay in step.
 */
export function inStep(first, second, moment) {
  const poses = (walker) => {
    const n = Math.max(1, Math.floor(walker.seconds * RATE) + 1);
    return Array.from({ length: n }, (_, i) => placed(walker, i / RATE, AT_ONCE));
  };
  const a = poses(first), b = poses(second);
  const at = moment ? first.secondsOf(moment.start) : 0;
  const there = moment ? second.secondsOf(moment.recording_start) : 0;
  const around = moment ? [there - REACH, there + REACH] : [0, second.seconds];
  const shift = best(a, b, at, around, 1) - at;
  const stretches = [{ from: Math.max(0, -shift), to: Math.min(first.seconds, second.seconds - shift), shift }];
  while (stretches.at(-1).to < first.seconds - 1e-3 && stretches.length < 200) {
    const from = stretches.at(-1).to;
    const next = best(a, b, from, [0, second.seconds - Math.min(SPAN, second.seconds / 2)], 1) - from;
    stretches.push({ from, to: Math.min(first.seconds, second.seconds - next), shift: next });
  }
  while (stretches[0].from > 1e-3 && stretches.length < 400) {
    const to = stretches[0].from;
    const next = best(a, b, to, [Math.min(SPAN, second.seconds / 2), second.seconds], -1) - to;
    stretches.unshift({ from: Math.max(0, -next), to, shift: next });
  }
  return stretches;
}

/** Return the second of the other walker that goes with a second of the first. */
export function partner(stretches, seconds) {
  const found = stretches.find((each) => seconds <= each.to) ?? stretches.at(-1);
  return seconds + found.shift;
}

// The start in b, within bounds in seconds, from which (or, backwards, up to which) it goes best with a from `at`.
function best(a, b, at, [low, high], direction) {
  const first = Math.round(at * RATE);
  let found = Math.max(0, low), least = Infinity;
  const from = Math.max(0, Math.ceil(low * RATE)), to = Math.min(b.length - 1, Math.floor(high * RATE));
  for (let start = from; start <= to; start += 1) {
    let sum = 0, n = 0;
    for (let i = 0; i <= SPAN * RATE; i += 1) {
      const one = a[first + direction * i], other = b[start + direction * i];
      if (!one || !other) break;
      sum += apart(one, other);
      n += 1;
    }
    if (n && sum / n < least) [found, least] = [start / RATE, sum / n];
  }
  return found;
}

function apart(one, other) {
  let sum = 0, n = 0;
  one.forEach((joint, j) => {
    if (!joint || !other[j]) return;
    sum += (joint[0] - other[j][0]) ** 2 + (joint[2] - other[j][2]) ** 2 + (joint[1] - other[j][1]) ** 2;
    n += 1;
  });
  return n ? sum / n : Infinity;
}
