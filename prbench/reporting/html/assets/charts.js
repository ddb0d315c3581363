// Charts: drawn when they come into view, and again when what they show or the colours of the page change.
const COSTS = { latency_fft: "time in FFT pairs", latency_s: "time (s)", ffts: "FFTs", operators: "operator applications" };
const MOST_CHARTS = 6;
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    entry.target.draw();
  }
}, { rootMargin: "300px" });

// Charts that nobody has scrolled to are drawn when the browser has nothing else to do, so that paper gets them too.
let resting = false;
function drawRest() {
  if (resting) return;
  resting = true;
  const later = (work) => (window.requestIdleCallback ? requestIdleCallback(work, { timeout: 2000 }) : setTimeout(work, 50));
  const next = async () => {
    const waiting = [...document.querySelectorAll(".draw:not([data-drawn])")].find((drawn) => drawn.draw);
    if (!waiting) {
      resting = false;
      document.documentElement.dataset.drawn = "true";
      return;
    }
    await waiting.draw();
    later(next);
  };
  later(next);
}
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details.fold:not([open])")) {
    fold.open = true;
    addEventListener("afterprint", () => { fold.open = false; }, { once: true });
  }
  for (const drawn of document.querySelectorAll(".draw:not([data-drawn])")) drawn.draw?.();
});

// A specification with the page's words in place of those that begin with "@".
function filled(spec, words) {
  if (typeof spec === "string") return spec.startsWith("@") ? words[spec.slice(1)] ?? "" : spec;
  if (Array.isArray(spec)) {
    const whole = spec.length === 1 && typeof spec[0] === "string" && spec[0].startsWith("@") ? words[spec[0].slice(1)] : null;
    return Array.isArray(whole) ? whole : spec.map((part) => filled(part, words));
  }
  if (spec === null || typeof spec !== "object") return spec;
  return Object.fromEntries(Object.entries(spec).map(([key, value]) => [key, filled(value, words)]));
}

function theme() {
  const css = getComputedStyle(document.documentElement);
  const of = (name) => css.getPropertyValue(`--${name}`).trim();
  const font = getComputedStyle(document.body).fontFamily;
  const axis = { domainColor: of("line"), tickColor: of("line"), gridColor: of("grid"), labelColor: of("muted"), titleColor: of("muted"), titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 11.5 };
  return { aria: false, background: null, font, axis, axisY: { minExtent: 44 }, padding: { left: 4, right: 18, top: 6, bottom: 4 }, view: { stroke: null }, line: { stroke: of("muted") }, text: { fill: of("text"), font } };
}

// Where all values of an axis are the same, an interval around them: an axis of one point has no length of its own.
function widened(spec, rows) {
  for (const [channel, names] of [["x", ["x", "x_low", "x_high"]], ["y", ["y", "y_low", "y_high", "low", "middle", "high"]]]) {
    const values = rows.flatMap((row) => names.map((name) => row[name])).filter(Number.isFinite);
    const value = values[0];
    if (!values.length || values.some((other) => Math.abs(other - value) > 1e-9 * Math.abs(value))) continue;
    for (const layer of spec.layer) {
      const scale = layer.encoding?.[channel]?.scale;
      if (scale) scale.domain = scale.type === "log" ? [value / 2, value * 2] : [value - (Math.abs(value) / 2 || 1), value + (Math.abs(value) / 2 || 1)];
    }
  }
  return spec;
}

function chart(caption, note, label, name, rows, words) {
  const described = { role: "img", "aria-label": `Chart: ${label}, ${plural(rows.length, "point")}` };
  const drawn = element("div", { class: "draw", ...described });
  const save = (kind) => async () => {
    await (drawn.drawing ?? drawn.draw());
    const address = kind === "svg" ? URL.createObjectURL(new Blob([await drawn.view.toSVG()], { type: "image/svg+xml" })) : await drawn.view.toImageURL("png", 2);
    element("a", { href: address, download: `${label}.${kind}` }).click();
  };
  const tools = element("div", { class: "save" }, ["svg", "png"].map((kind) => element("button", { type: "button", "aria-label": `Save ${label} as ${kind.toUpperCase()}`, onclick: save(kind) }, kind.toUpperCase())));
  const figure = element("figure", { class: "chart" }, element("figcaption", {}, named(caption), element("small", {}, note)), drawn, tools);
  drawn.draw = () => {
    drawn.dataset.drawn = "true";
    seen.unobserve(drawn);
    drawn.drawing = (async () => {
      const spec = { ...widened(filled(SPECS[name], words), rows), datasets: { rows }, config: theme() };
      const result = await vegaEmbed(drawn, spec, { mode: "vega-lite", renderer: "svg", ast: true, logLevel: 1, actions: false });
      drawn.finish = result.finalize;
      drawn.view = result.view;
      drawn.querySelector("svg")?.setAttribute("aria-hidden", "true");
      for (const name of ["style", "aria-roledescription"]) drawn.removeAttribute(name);
      furnish(drawn, described, []);  // Vega puts words of its own in their place
    })();
    return drawn.drawing;
  };
  seen.observe(drawn);
  return figure;
}

// Replace the charts in a grid, releasing those that were there.
function showCharts(grid, charts, left) {
  for (const old of grid.querySelectorAll(".draw")) {
    seen.unobserve(old);
    old.finish?.();
  }
  grid.className = `charts${charts.length === 1 ? " one" : charts.length < 4 ? " few" : ""}`;
  grid.replaceChildren(...charts);
  if (!charts.length) grid.append(element("p", { class: "note" }, "Nothing to draw for this choice."));
  if (left > 0) grid.append(element("p", { class: "note" }, `and ${plural(left, "dataset")} more: choose one above.`));
  if (document.documentElement.dataset.ready) drawRest();
}

function some(datasets) {
  return [datasets.slice(0, MOST_CHARTS), Math.max(0, datasets.length - MOST_CHARTS)];
}

function goalWords(task, dataset) {
  const goal = task.goals[dataset];
  return `${goal.metric}${unit(goal.metric)}, ${goal.better} is better`;
}

function shortName(name) {
  return name.split("[")[0];
}

function spreadText(board, name, row) {
  const low = board.at(`${name}_low`, row);
  return `${number(board.at(name, row))} [${Number.isNaN(low) ? NOTHING : `${number(low, 2)}, ${number(board.at(`${name}_high`, row), 2)}`}]`;
}

// The points that no other beats in both cost and quality.
function markFront(points, better) {
  const sign = better === "lower" ? 1 : -1;
  let best = Infinity;
  for (const point of [...points].sort((a, b) => a.x - b.x || sign * (a.y - b.y))) {
    point.front = sign * point.y < best;
    if (point.front) best = sign * point.y;
  }
  nameApart(points);
}

// Names are left out where they would lie over another.
function nameApart(points) {
  const apart = (name) => {
    const logs = points.map((point) => Math.log(Math.max(point[name], 1e-300)));
    const low = Math.min(...logs), span = Math.max(...logs) - low || 1;
    return (point) => (Math.log(Math.max(point[name], 1e-300)) - low) / span;
  };
  const across = apart("x"), up = apart("y");
  const kept = [];
  for (const point of points.filter(({ front }) => front).sort((a, b) => b.x - a.x)) {
    const free = kept.every((other) => Math.abs(across(point) - across(other)) > 0.3 || Math.abs(up(point) - up(other)) > 0.08);
    if (free) kept.push(point);
    else point.name = "";
  }
}

// Logarithmic where all is positive and spreads over more than a factor of five.
function scaleOf(rows, ...names) {
  const values = rows.flatMap((row) => names.map((name) => row[name])).filter((value) => value !== null && value !== undefined);
  return Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 5 ? "log" : "linear";
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

function paretoCharts(task) {
  const board = new Table(task.board);
  const costs = Object.keys(COSTS).filter((name) => board.has(name) && board.rows().some((row) => board.at(name, row) > 0));
  if (!costs.length) return null;
  const grid = element("div", {});
  const controls = element("div", { class: "nocopy" });
  const block = element("div", { class: "block", id: `${task.name}-cost` },
    element("div", { class: "lead" }, element("h3", {}, "Quality against cost"), controls), grid,
    element("p", { class: "note" }, "Filled and named: solvers that no other beats in both. Bars are 95 % intervals."));
  state.follow([`${task.name}.dataset`, `${task.name}.hide`, `${task.name}.cost`, "theme"], () => {
    const cost = costs.includes(state.get(`${task.name}.cost`, costs[0])) ? state.get(`${task.name}.cost`, costs[0]) : costs[0];
    controls.replaceChildren(buttons("Cost", costs.map((name) => [name, headerOf(name)]), cost, (name) => state.set(`${task.name}.cost`, name, costs[0])));
    const [datasets, left] = some(datasetOf(task) ? [datasetOf(task)] : task.datasets);
    showCharts(grid, datasets.map((dataset) => paretoChart(task, board, dataset, cost)).filter(Boolean), left);
  });
  return block;
}

function paretoChart(task, board, dataset, cost) {
  const taken = hidden(task);
  const points = board.rows()
    .filter((row) => board.at("dataset", row) === dataset && !taken.has(board.at("solver", row)))
    .filter((row) => Number.isFinite(board.at("median", row)) && board.at(cost, row) > 0)
    .map((row) => ({
      solver: board.at("solver", row), name: shortName(board.at("solver", row)),
      x: board.at(cost, row), x_low: finite(board.at(`${cost}_low`, row)), x_high: finite(board.at(`${cost}_high`, row)),
      y: board.at("median", row), y_low: finite(board.at("median_low", row)), y_high: finite(board.at("median_high", row)),
      text: `${spreadText(board, "median", row)} at ${number(board.at(cost, row))}, n ${board.at("cells", row)}`,
      ...styleOf(task, board.at("solver", row)),
    }));
  if (!points.length) return null;
  markFront(points, task.goals[dataset].better);
  const words = { x: COSTS[cost], y: goalWords(task, dataset), tip: task.goals[dataset].metric };
  return chart(dataset, "", `quality-against-cost ${dataset}`, `pareto.${scaleOf(points, "x", "x_low", "x_high")}.${scaleOf(points, "y", "y_low", "y_high")}`, points, words);
}

function convergenceCharts(task) {
  if (!task.curves.length) return null;
  const names = { iteration: "iterations", seconds: "seconds", pairs: "FFT pairs" };
  const kinds = Object.keys(names).filter((kind) => task.curves.some((curve) => curve[kind]));
  const grid = element("div", {});
  const controls = element("div", { class: "nocopy" });
  const block = element("div", { class: "block", id: `${task.name}-convergence` },
    element("div", { class: "lead" }, element("h3", {}, "Convergence"), controls), grid,
    element("p", { class: "note" }, "Median residual over cells, in a band of its quartiles: the misfit that the solver itself sees, not the distance to the truth. A solve that has ended keeps its last value.",
      task.curves_left_out ? ` ${plural(task.curves_left_out, "curve")} had no room in this report.` : ""));
  const key = `${task.name}.over`;
  state.follow([`${task.name}.dataset`, `${task.name}.hide`, key, "theme"], () => {
    const kind = kinds.includes(state.get(key, kinds[0])) ? state.get(key, kinds[0]) : kinds[0];
    controls.replaceChildren(buttons("Over", kinds.map((name) => [name, names[name]]), kind, (name) => state.set(key, name, kinds[0])));
    const with_ = task.datasets.filter((dataset) => task.curves.some((curve) => curve.dataset === dataset));
    const [datasets, left] = some(with_.includes(datasetOf(task)) ? [datasetOf(task)] : datasetOf(task) ? [] : with_);
    showCharts(grid, datasets.map((dataset) => convergenceChart(task, dataset, kind, names[kind])).filter(Boolean), left);
  });
  return block;
}

function convergenceChart(task, dataset, kind, label) {
  const taken = hidden(task);
  const rows = task.curves
    .filter((curve) => curve.dataset === dataset && curve[kind] && !taken.has(curve.solver))
    .flatMap((curve) => curve[kind].x.map((x, at) => ({
      solver: curve.solver, x, low: curve[kind].low[at], middle: curve[kind].middle[at], high: curve[kind].high[at],
      text: `${number(curve[kind].middle[at])} at ${number(x)}, ${plural(curve.cells, "cell")}`, ...styleOf(task, curve.solver),
    })))
    .filter((row) => row.low > 0 && row.x > 0);
  return rows.length ? chart(dataset, "", `convergence ${dataset}`, `curve.log.${scaleOf(rows, "low", "high")}`, rows, { x: label, y: "residual", tip: "residual" }) : null;
}

function settingCharts(task) {
  if (!task.axes.length) return null;
  const board = new Table(task.board);
  const grid = element("div", {});
  const controls = element("div", { class: "nocopy" });
  const block = element("div", { class: "block", id: `${task.name}-settings` },
    element("div", { class: "lead" }, element("h3", {}, "Robustness: along settings that vary"), controls), grid,
    element("p", { class: "note" }, "Medians, or shares of successes, with 95 % intervals. A dataset's setting makes the problem harder; a solver's shows how much depends on its choice."));
  const successes = board.rows().some((row) => !Number.isNaN(board.at("success", row)));
  const key = `${task.name}.along`;
  state.follow([`${task.name}.hide`, key, "theme"], () => {
    const shown = successes && state.get(key, "median") === "success" ? "success" : "median";
    const options = successes ? [["median", "score"], ["success", "success rate"]] : [["median", "score"]];
    controls.replaceChildren(buttons("Shown", options, shown, (name) => state.set(key, name, "median")));
    const charts = task.axes.flatMap((axis) => (axis.kind === "dataset" ? [settingChart(task, board, axis, shown, null)]
      : task.datasets.map((dataset) => settingChart(task, board, axis, shown, dataset)))).filter(Boolean);
    showCharts(grid, charts.slice(0, 2 * MOST_CHARTS), 0);
  });
  return block;
}

// Along a dataset's setting there is one line per solver; along a solver's setting, on one dataset, there is one.
function settingChart(task, board, axis, shown, dataset) {
  const taken = hidden(task);
  const along = axis.kind === "dataset" ? "dataset" : "solver";
  const index = new Map(axis.names.map((name, at) => [name, at]));
  const rows = board.rows()
    .filter((row) => index.has(board.at(along, row)) && (dataset === null || board.at("dataset", row) === dataset) && !taken.has(board.at("solver", row)))
    .filter((row) => Number.isFinite(board.at(shown, row)))
    .map((row) => {
      const solver = dataset === null ? board.at("solver", row) : axis.names[0];
      return {
        solver: board.at("solver", row), x: axis.positions[index.get(board.at(along, row))], y: board.at(shown, row),
        low: finite(board.at(`${shown}_low`, row)), high: finite(board.at(`${shown}_high`, row)),
        text: `${spreadText(board, shown, row)} at ${axis.setting} ${axis.labels[index.get(board.at(along, row))]}, n ${board.at("cells", row)}`,
        ...styleOf(task, task.solvers.includes(solver) ? solver : board.at("solver", row)),
      };
    });
  if (new Set(rows.map((row) => row.x)).size < 2) return null;
  if (dataset !== null) for (const row of rows) row.line = 1;
  const first = dataset ?? axis.names[0];
  const y = shown === "median" ? scaleOf(rows, "y", "low", "high") : "linear";
  const ticks = [...new Set(axis.positions)];
  const labels = ticks.reduceRight((rest, at) => `datum.value == ${at} ? '${axis.labels[axis.positions.indexOf(at)]}' : ${rest}`, "''");
  const words = { x: `${axis.setting} of ${axis.plugin}`, y: shown === "success" ? "success rate" : goalWords(task, first), ticks, labels, tip: shown === "success" ? "success rate" : "score" };
  return chart(`${axis.setting} of ${axis.fixed}`, dataset ? `on ${dataset}` : "", `${axis.setting} ${axis.plugin}`, `axis.${axis.log ? "log" : "linear"}.${y}`, rows, words);
}

function legend(task) {
  const list = element("ul", { class: "legend", "aria-label": "Solvers in the charts" });
  state.follow([`${task.name}.hide`, "theme"], () => {
    const taken = hidden(task);
    const focused = list.contains(document.activeElement) ? [...list.querySelectorAll("button")].indexOf(document.activeElement) : -1;
    list.replaceChildren(...task.solvers.map((solver) => element("li", {}, element("button", {
      type: "button", "aria-pressed": String(!taken.has(solver)), title: "Show or hide in the charts", onclick: () => toggleSolver(task, solver),
    }, glyph(task, solver), named(solver)))));
    if (focused >= 0) list.querySelectorAll("button")[focused].focus();
  });
  return list;
}

dark.addEventListener("change", () => state.tell("theme"));
