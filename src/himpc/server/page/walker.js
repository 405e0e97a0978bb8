// A recording of joints as something that walks: where it stands, where it faces, its pose at any time.

const DEFAULT_FPS = 30; // where a recording does not say; the time shown is then a guess

/**
 * Return a walker from the server's skeleton and the gallery's model.
 *
 * Joints are in metres, y up. `poseAt(seconds)` gives each joint as [x, y, z] or null; `headingAt` the radians from z
 * towards x that the body faces; `middleAt` the pelvis on the ground. `weights` are spread from 0, for the `least` of the
 * recording, to 1, for the `most`, for they hardly differ otherwise.
 */
export function makeWalker(skeleton, model) {
  const frames = skeleton.joints;
  const fps = (skeleton.fps || DEFAULT_FPS) / (skeleton.step || 1);
  const root = model.parents.indexOf(-1);
  const middles = frames.map((joints) => ground(joints, root));
  const headings = means(frames.map((joints) => facing(joints, model)), Math.round(fps / 2));
  const lows = evened(frames.map(lowest));
  const floor = median(lows);
  const under = means(lows.map((low) => [low]), Math.round(fps / 2)).map(([low]) => low);
  const given = skeleton.weights ?? [];
  const [least, most] = given.length ? [Math.min(...given), Math.max(...given)] : [0, 0];
  const weights = given.map((weight) => (most > least ? (weight - least) / (most - least) : 0));
  const at = (seconds) => {
    const place = Math.min(Math.max(seconds * fps, 0), frames.length - 1);
    const before = Math.floor(place);
    return [before, Math.min(before + 1, frames.length - 1), place - before];
  };
  return {
    model,
    timed: Boolean(skeleton.fps),
    seconds: Math.max(frames.length - 1, 1) / fps,
    weights, least, most,
    secondsOf: (frame) => frame / (skeleton.fps || DEFAULT_FPS),
    poseAt(seconds) {
      const [a, b, share] = at(seconds);
      return frames[a].map((joint, j) => mix(joint, frames[b][j], share));
    },
    headingAt(seconds) {
      const [a, b, share] = at(seconds);
      const [x, y] = mix([...headings[a], 0], [...headings[b], 0], share);
      return Math.atan2(x, y);
    },
    // Where a sensor is tilted the floor rises with distance, so it is found anew around each second.
    floorAt: (seconds) => under[at(seconds)[0]],
    floor,
    middleAt(seconds) {
      const [a, b, share] = at(seconds);
      return mix(middles[a], middles[b], share);
    },
    weightAt: (seconds) => weights[Math.round(at(seconds)[0] + at(seconds)[2])] ?? 0,
  };
}

const seen = (joint) => Array.isArray(joint) && joint.every(Number.isFinite);

function mix(a, b, share) {
  if (!seen(a)) return seen(b) ? b : null;
  if (!seen(b)) return a;
  return a.map((value, i) => value + share * (b[i] - value));
}

function ground(joints, root) {
  if (seen(joints[root])) return [joints[root][0], 0, joints[root][2]];
  const there = joints.filter(seen);
  const mean = (i) => there.reduce((sum, joint) => sum + joint[i], 0) / Math.max(there.length, 1);
  return [mean(0), 0, mean(2)];
}

// The way the body faces stands square on the line from the right to the left hip, or shoulder.
function facing(joints, model) {
  for (const part of ["hip", "shoulder", ""]) {
    const side = (indices) => indices.filter((j) => model.joints[j].includes(part) && seen(joints[j])).map((j) => joints[j]);
    const left = side(model.left), right = side(model.right);
    if (!left.length || !right.length) continue;
    const mean = (points, i) => points.reduce((sum, point) => sum + point[i], 0) / points.length;
    const x = mean(left, 0) - mean(right, 0), z = mean(left, 2) - mean(right, 2);
    const length = Math.hypot(x, z);
    if (length > 1e-6) return [-z / length, x / length];
  }
  return [0, 1];
}

function means(rows, reach) {
  return rows.map((_, i) => {
    const near = rows.slice(Math.max(0, i - reach), i + reach + 1);
    return rows[0].map((_, axis) => near.reduce((sum, row) => sum + row[axis], 0) / near.length);
  });
}

const lowest = (joints) => joints.reduce((low, joint) => (seen(joint) && joint[1] < low ? joint[1] : low), Infinity);

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

// Frames where nothing was seen stand on the same floor as the others.
function evened(lows) {
  const there = lows.filter(Number.isFinite);
  return lows.map((low) => (Number.isFinite(low) ? low : there.length ? median(there) : 0));
}

/** Return a pose moved over the spot, and turned to face z, each only if asked for, above a floor at 0. */
export function placed(walker, seconds, { onTheSpot, oneHeading, start }) {
  const middle = onTheSpot ? walker.middleAt(seconds) : start;
  const angle = oneHeading ? -walker.headingAt(seconds) : 0;
  const floor = onTheSpot ? walker.floorAt(seconds) : walker.floor;
  const cos = Math.cos(angle), sin = Math.sin(angle);
  return walker.poseAt(seconds).map((joint) => {
    if (!joint) return null;
    const x = joint[0] - middle[0], z = joint[2] - middle[2];
    return [cos * x + sin * z, joint[1] - floor, cos * z - sin * x];
  });
}
