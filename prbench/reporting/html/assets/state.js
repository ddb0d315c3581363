// What the reader has chosen lives in the address, so that a link shows what they saw.
const state = {
  values: new URLSearchParams(location.hash.slice(1)),
  listeners: [],

  get(key, fallback) {
    return this.values.has(key) ? this.values.get(key) : fallback;
  },

  set(key, value, fallback) {
    if (this.get(key, fallback) === value) return;
    if (value === fallback) this.values.delete(key);
    else this.values.set(key, value);
    history.replaceState(null, "", `#${this.values}`);
    this.tell(key);
  },

  // Call `react` now and whenever a key that begins with one of `prefixes` changes.
  follow(prefixes, react) {
    this.listeners.push([prefixes, react]);
    react();
  },

  tell(key) {
    for (const [prefixes, react] of this.listeners) {
      if (key === null || prefixes.some((prefix) => key.startsWith(prefix))) react();
    }
  },
};

addEventListener("hashchange", () => {
  state.values = new URLSearchParams(location.hash.slice(1));
  state.tell(null);
});

// The colours, shapes and dashes by which a solver is known throughout a task.
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b5508f", "#56a5d8", "#c98500", "#7a5aa6", "#666f7a"];
const DARK = ["#5ab0ea", "#ff9057", "#3ecf9f", "#e79ac4", "#a5d9fb", "#f3bf4f", "#b99fe0", "#b4bcc6"];
const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"];
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3], [12, 4], [4, 1.5, 1, 1.5], [1, 3], [7, 2, 2, 2, 2, 2]];
const PATHS = {
  circle: "M5,0A5,5,0,1,1,-5,0A5,5,0,1,1,5,0",
  square: "M-4.4,-4.4H4.4V4.4H-4.4Z",
  cross: "M-5,-1.8H-1.8V-5H1.8V-1.8H5V1.8H1.8V5H-1.8V1.8H-5Z",
  diamond: "M0,-5.6L4.6,0L0,5.6L-4.6,0Z",
  "triangle-up": "M0,-5L5.2,4.4H-5.2Z",
  "triangle-down": "M0,5L5.2,-4.4H-5.2Z",
  "triangle-right": "M5,0L-4.4,5.2V-5.2Z",
  "triangle-left": "M-5,0L4.4,5.2V-5.2Z",
};
const dark = matchMedia("(prefers-color-scheme: dark)");

function styleOf(task, solver) {
  const index = task.solvers.indexOf(solver);
  const turn = (index + Math.floor(index / 8)) % 8;
  return { colour: (dark.matches ? DARK : LIGHT)[index % 8], shape: SHAPES[turn], dash: DASHES[turn] };
}

function glyph(task, solver) {
  const { colour, shape } = styleOf(task, solver);
  const mark = drawing("path", { d: PATHS[shape], fill: colour, transform: "translate(7 7)" });
  return drawing("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" }, mark);
}

// Solvers taken out of the charts of a task, by their index in its list.
function hidden(task) {
  return new Set(state.get(`${task.name}.hide`, "").split(".").filter(Boolean).map((index) => task.solvers[Number(index)]));
}

function toggleSolver(task, solver) {
  const taken = hidden(task);
  if (!taken.delete(solver)) taken.add(solver);
  const indices = [...taken].map((name) => task.solvers.indexOf(name)).sort((a, b) => a - b);
  state.set(`${task.name}.hide`, indices.join("."), "");
}

// The dataset chosen for a task; all of them where the value is empty or unknown.
function datasetOf(task) {
  const chosen = state.get(`${task.name}.dataset`, "");
  return task.datasets.includes(chosen) ? chosen : "";
}
