// A skeleton sequence as a walker: position, heading and pose at any time.

const DEFAULT_FPS = 30; // where a recording does not state it

/**
 * Create a walker from a skeleton of the server and the model of the gallery.
 *
 * Joints are in metres, y up. `poseAt(seconds)` returns each joint as [x, y, z] or null; `headingAt` the angle of the body
 * in radians, from z towards x; `positionAt` the pelvis on the ground. `weights` are scaled from [minWeight, maxWeight]
 * to [0, 1], for they differ little otherwise.
 */
export function createWalker(skeleton, model) {
  const frames = skeleton.joints;
  const fps = (skeleton.fps || DEFAULT_FPS) / skeleton.step;
  const half = Math.round(fps / 2);
  const root = model.parents.indexOf(-1);
  const positions = frames.map((joints) => groundPosition(joints, root));
  const headings = smooth(frames.map((joints) => heading(joints, model)), half);
  const lowest = fillMissing(frames.map(lowestHeight));
  const floors = smooth(lowest.map((height) => [height]), half).map(([height]) => height);
  const [minWeight, maxWeight] = skeleton.weights.length ? [Math.min(...skeleton.weights), Math.max(...skeleton.weights)] : [0, 0];
  const weights = skeleton.weights.map((weight) => (maxWeight > minWeight ? (weight - minWeight) / (maxWeight - minWeight) : 0));
  const locate = (seconds) => {
    const frame = Math.min(Math.max(seconds * fps, 0), frames.length - 1);
    const before = Math.floor(frame);
    return [before, Math.min(before + 1, frames.length - 1), frame - before];
  };
  return {
    model, weights, minWeight, maxWeight,
    hasFrameRate: Boolean(skeleton.fps),
    duration: Math.max(frames.length - 1, 1) / fps,
    floor: median(lowest),
    secondsOf: (frame) => frame / (skeleton.fps || DEFAULT_FPS),
    poseAt(seconds) {
      const [a, b, share] = locate(seconds);
      return frames[a].map((joint, j) => interpolate(joint, frames[b][j], share));
    },
    headingAt(seconds) {
      const [a, b, share] = locate(seconds);
      return Math.atan2(...interpolate(headings[a], headings[b], share));
    },
    positionAt(seconds) {
      const [a, b, share] = locate(seconds);
      return interpolate(positions[a], positions[b], share);
    },
    floorAt: (seconds) => floors[locate(seconds)[0]], // the floor of a tilted sensor rises with distance
    weightAt(seconds) {
      const [before, , share] = locate(seconds);
      return weights[Math.round(before + share)] ?? 0;
    },
  };
}

const isSeen = (joint) => Array.isArray(joint) && joint.every(Number.isFinite);

function interpolate(a, b, share) {
  if (!isSeen(a)) return isSeen(b) ? b : null;
  if (!isSeen(b)) return a;
  return a.map((value, i) => value + share * (b[i] - value));
}

const average = (points, axis) => points.reduce((sum, point) => sum + point[axis], 0) / Math.max(points.length, 1);

function groundPosition(joints, root) {
  const points = isSeen(joints[root]) ? [joints[root]] : joints.filter(isSeen);
  return [average(points, 0), 0, average(points, 2)];
}

// The unit vector [x, z] that is perpendicular to the line from the right to the left hips, or shoulders.
function heading(joints, model) {
  for (const part of ["hip", "shoulder", ""]) {
    const side = (indices) => indices.filter((j) => model.joints[j].includes(part) && isSeen(joints[j])).map((j) => joints[j]);
    const left = side(model.left), right = side(model.right);
    if (!left.length || !right.length) continue;
    const x = average(left, 0) - average(right, 0), z = average(left, 2) - average(right, 2);
    const length = Math.hypot(x, z);
    if (length > 1e-6) return [-z / length, x / length];
  }
  return [0, 1];
}

function smooth(rows, reach) {
  return rows.map((row, i) => {
    const window = rows.slice(Math.max(0, i - reach), i + reach + 1);
    return row.map((_, axis) => average(window, axis));
  });
}

const lowestHeight = (joints) => Math.min(...joints.filter(isSeen).map((joint) => joint[1])); // Infinity for none

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function fillMissing(heights) {
  const present = heights.filter(Number.isFinite);
  const typical = present.length ? median(present) : 0;
  return heights.map((height) => (Number.isFinite(height) ? height : typical));
}

/** Return the pose above a floor at 0: on the spot or relative to `start`, and turned to face z if `sameHeading`. */
export function placedPose(walker, seconds, { onTheSpot, sameHeading, start }) {
  const origin = onTheSpot ? walker.positionAt(seconds) : start;
  const angle = sameHeading ? -walker.headingAt(seconds) : 0;
  const floor = onTheSpot ? walker.floorAt(seconds) : walker.floor;
  const cos = Math.cos(angle), sin = Math.sin(angle);
  return walker.poseAt(seconds).map((joint) => {
    if (!joint) return null;
    const x = joint[0] - origin[0], z = joint[2] - origin[2];
    return [cos * x + sin * z, joint[1] - floor, cos * z - sin * x];
  });
}
