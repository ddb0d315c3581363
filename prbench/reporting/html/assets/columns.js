// What the columns of a leaderboard are called, and what stands in their cells.
const HEADERS = {
  rank: "#", solver: "solver", median: "score", success: "success %", exact: "exact %", best: "bootstrap share %", iqm: "mean of middle",
  samples: "samples", cells: "n", failed: "failed", time_limit: "limit", stale: "stale", missing: "missing", left_out: "left out",
  median_level: "level", values: "values", reason: "no rank", conditions: "conditions",
};
const MEANING = {
  rank: "Place within the dataset on the samples that all ranked solvers have, and the places consistent with paired tests at 95 %.",
  best: "Bootstrap share: in how many resamples the median is the best, from 10 samples on. No probability of being the best solver.",
  iqm: "Interquartile mean over samples.",
  left_out: "Cells of samples that not all ranked solvers have.",
  median_level: "What the interval of the median attains.",
  values: "One number per sample, where they are too few for an interval.",
  reason: "Why the solver has no rank.",
  conditions: "What sets this board apart from others of its task.",
  missing: "Samples and seeds that other solvers have been given here, and this one has not.",
  median: "Median over samples of the metric that decides, with its interval of 95 % at least (order statistics); failed cells count as worst.",
  success: "Share of cells that reach the task's threshold, with its interval of 95 % at least (Clopper-Pearson).",
  exact: "Share of cells that reach the stricter value beside the task's rule of success.",
  cells: "Cells behind the numbers. Choose a number to see them.",
  failed: "Crashed, diverged, killed or without a score; they count as worst.",
  time_limit: "Stopped at the time limit, scored as they stood.",
  stale: "Computed with an older version of the code.",
  samples: "Samples behind the interval: the unit of replication.",
};
const MARKS = { failed: "bad", stale: "warn", time_limit: "warn", missing: "warn", left_out: "warn" };
const ALWAYS = ["rank", "solver"];
const FRONT = ["rank", "solver", "median", "range", "best", "success"];
const LAST = ["cells", "failed", "time_limit", "stale", "missing", "left_out", "reason"];
const NOT_COLUMNS = new Set(["dataset", "metric"]);

// The short header of a column: a metric declares its own.
function headerOf(name) {
  return HEADERS[name] ?? (DATA.metrics[name]?.header || name);
}

// Columns of a board in reading order: {name, header, kind, meaning}; kind is text, spread, percent, range or count.
function boardColumns(board) {
  const ends = (name) => board.has(`${name}_low`) && board.has(`${name}_high`);
  const known = new Set(board.names.filter((name) => !/_(low|high)$/.test(name) || !board.has(name.replace(/_(low|high)$/, ""))));
  known.add("range");
  const middle = [...known].filter((name) => !FRONT.includes(name) && !LAST.includes(name) && !NOT_COLUMNS.has(name));
  return [...FRONT, ...middle, ...LAST].filter((name) => known.has(name)).map((name) => ({
    name,
    header: name === "range" ? "interval" : headerOf(name),
    kind: name === "range" ? "range" : board.isText(name) ? "text" : name === "success" ? "percent" : ["best", "exact"].includes(name) ? "share" : name === "rank" ? "rank" : ends(name) ? "spread" : "count",
    meaning: MEANING[name] ?? DATA.metrics[name]?.definition ?? "",
    better: DATA.metrics[name]?.better,
  }));
}

// Shown unless the reader chooses: what says something, without counts that are zero everywhere.
function usualColumns(task, board, columns) {
  const usual = new Set([...FRONT, "cells", "failed"]);
  const ranking = new Set(Object.values(task.goals).map(({ metric }) => metric));
  return columns.filter(({ name, kind }) => {
    if (name === "range") return true;
    if (name === "reason") return board.rows().some((row) => board.at(name, row) !== "");
    const some = kind === "text" || board.rows().some((row) => !Number.isNaN(board.at(name, row)) && board.at(name, row) !== 0);
    if (name in MARKS && name !== "failed") return some;
    if (usual.has(name)) return some || name === "cells" || name === "failed";
    return task.columns.includes(name) && !(ranking.size === 1 && ranking.has(name));  // the score is that column already
  }).map(({ name }) => name);
}

function ends(low, high, form) {
  return element("span", { class: "ends" }, `[${Number.isNaN(low) ? NOTHING : `${form(low)}, ${form(high)}`}]`);
}

function boardCell(task, board, column, row, scale) {
  const { name, kind } = column;
  const value = kind === "range" ? 0 : board.at(name, row);
  if (name === "solver") return element("td", { class: "text sticky" }, element("span", { class: "solver" }, glyph(task, value), named(value)));
  if (kind === "text") return element("td", { class: "text" }, value);
  if (kind === "range") return element("td", {}, interval(task, board, row, scale));
  if (name === "cells") return element("td", {}, cellsLink(task, board, row, value));
  if (kind === "rank") return element("td", {}, number(value), rankEnds(board, row));
  if (kind === "share") return element("td", {}, Number.isNaN(value) || alone(board, row) ? NOTHING : (100 * value).toFixed(0));
  if (name in MARKS && value > 0) return element("td", {}, element("span", { class: `chip ${MARKS[name]}` }, number(value)));
  if (kind === "count") return element("td", {}, number(value));
  const form = kind === "percent" ? (share) => (100 * share).toFixed(0) : (inner) => number(inner, inner === value ? 3 : 2);
  if (Number.isNaN(value)) return element("td", {}, NOTHING);
  const shown = form(value);
  if (name !== "median" && kind !== "percent") return element("td", { title: endsText(board, name, row) }, shown);
  const values = name === "median" ? board.at("values", row) : "";
  if (values) return element("td", { class: "main" }, shown, element("span", { class: "ends" }, `(${values.split(" ").map((one) => number(Number(one.replace("inf", "Infinity")), 2)).join(", ")})`));
  return element("td", { class: name === "median" ? "main" : null }, shown, ends(board.at(`${name}_low`, row), board.at(`${name}_high`, row), form));
}

// Whether a solver has nobody to be better than.
function alone(board, row) {
  return !board.rows().some((other) => other !== row && board.at("dataset", other) === board.at("dataset", row));
}

function rankEnds(board, row) {
  const [low, high] = ["rank_low", "rank_high"].map((name) => board.at(name, row));
  return Number.isNaN(low) || low === high ? "" : element("span", { class: "ends" }, `${low}–${high}`);
}

function endsText(board, name, row) {
  const low = board.at(`${name}_low`, row);
  return Number.isNaN(low) ? "" : `95 % interval ${number(low)} to ${number(board.at(`${name}_high`, row))}`;
}

function cellsLink(task, board, row, value) {
  const solver = board.at("solver", row);
  const show = () => showCells(task, solver, board.at("dataset", row));
  return element("button", { class: "link", type: "button", "aria-label": `${value} cells of ${solver}: list them`, onclick: show }, String(value));
}

// A scale for the intervals of one dataset: logarithmic where all is positive.
function rangeScale(board, rows) {
  const values = rows.flatMap((row) => ["median", "median_low", "median_high"].map((name) => board.at(name, row))).filter(Number.isFinite);
  if (!values.length) return null;
  const log = values.every((value) => value > 0) && Math.max(...values) / Math.min(...values) > 5;
  const on = (value) => (log ? Math.log(value) : value);
  const low = on(Math.min(...values)), high = on(Math.max(...values));
  return (value) => 6 + 108 * (high > low ? (on(value) - low) / (high - low) : 0.5);
}

function interval(task, board, row, scale) {
  const value = board.at("median", row);
  if (!scale || !Number.isFinite(value)) return "";
  const [low, high] = ["median_low", "median_high"].map((name) => board.at(name, row));
  const { colour, shape } = styleOf(task, board.at("solver", row));
  const line = Number.isNaN(low) ? null
    : drawing("line", { x1: scale(low), x2: Number.isFinite(high) ? scale(high) : 120, y1: 9, y2: 9, stroke: colour, "stroke-width": 2, opacity: 0.55 });
  const mark = drawing("path", { d: PATHS[shape], fill: colour, transform: `translate(${scale(value)} 9) scale(0.85)` });
  return drawing("svg", { class: "range", viewBox: "0 0 120 18", "aria-hidden": "true" }, line, mark);
}
