// --- a time axis on which long idle times are folded -----------------------------------------------------------------
// `busy` are intervals in which something happens, `points` single times.  Idle times that are long beside what is busy
// take a fixed share of the width, so that two requests that lie an hour apart can both be read: a small one, or a
// larger one where one of `windows` lies in them, in which something was expected.
const FOLD = 0.07;
const WINDOW = 0.36;
function makeScale(busy, points, windows) {
  const marks = [...busy, ...points.map((point) => [point, point])].sort((a, b) => a[0] - b[0]);
  if (!marks.length) return null;
  const merged = [];
  for (const [from, to] of marks) {
    const last = merged[merged.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, Math.max(from, to)]);
  }
  const first = merged[0][0];
  const end = Math.max(first + 1, merged[merged.length - 1][1]);
  const working = merged.reduce((sum, [from, to]) => sum + to - from, 0);
  const idle = merged.slice(1).map((mark, at) => [merged[at][1], mark[0]]);
  const folds = idle.filter(([from, to]) => to - from > Math.max(working * 0.8, (end - first) * 0.2)).slice(0, 6);
  const width = ([from, to]) => (windows.some((one) => one[0] < to && one[1] > from) ? WINDOW / folds.length : FOLD);
  const folded = folds.reduce((sum, [from, to]) => sum + to - from, 0);
  const open = Math.max(1, end - first - folded);
  const share = (1 - folds.reduce((sum, fold) => sum + width(fold), 0)) / open;
  const pieces = [];
  let time = first;
  let x = 0;
  const piece = (to, width, fold) => {
    pieces.push({ from: time, to, x, width, fold });
    time = to;
    x += width;
  };
  for (const fold of folds) {
    piece(fold[0], (fold[0] - time) * share, false);
    piece(fold[1], width(fold), true);
  }
  piece(end, (end - time) * share, false);
  const at = (moment) => {
    if (moment <= first) return 0;
    for (const one of pieces) {
      if (moment <= one.to) return one.to === one.from ? one.x : one.x + (one.width * (moment - one.from)) / (one.to - one.from);
    }
    return 1;
  };
  return { first, end, at, pieces, ticks: ticksOf(pieces, first) };
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const LONG = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000,
  864000, 2592000, 8640000, 31536000].map((seconds) => seconds * 1e9);
const NICE = [...STEPS, ...STEPS.map((step) => step * 1e3), ...STEPS.map((step) => step * 1e6), ...LONG];
function ticksOf(pieces, first) {
  const ticks = [];
  for (const one of pieces) {
    if (one.fold || one.width < 0.1) continue;
    const wanted = (one.to - one.from) / Math.max(1, one.width * 5);
    const step = NICE.find((nice) => nice >= wanted) || (one.to - one.from);
    const begin = Math.ceil((one.from - first) / step) * step;
    for (let after = begin; after <= one.to - first; after += step) {
      const x = one.x + (one.width * (first + after - one.from)) / (one.to - one.from);
      if (!ticks.length || x - ticks[ticks.length - 1].x > 0.1) ticks.push({ x, label: after ? duration(after) : "0" });
    }
  }
  return ticks;
}
