// The leaderboard of a task: one block per dataset, sorted within it.
const MOST_ROWS = 300;

function sortOf(text) {
  return text.startsWith("-") ? [text.slice(1), true] : [text, false];
}

function header(name, label, meaning, sort, onsort, classes) {
  const [by, descending] = sortOf(sort);
  const order = by !== name ? "none" : descending ? "descending" : "ascending";
  const turn = () => onsort(by === name && !descending ? `-${name}` : name);
  const button = element("button", { type: "button", title: meaning, onclick: turn, "data-sort": name }, label);
  return element("th", { scope: "col", "aria-sort": order, class: classes }, button);
}

function leaderboard(task) {
  const block = element("div", { class: "block", id: `${task.name}-leaderboard` });
  const board = new Table(task.board);
  const columns = boardColumns(board);
  const usual = usualColumns(task, board, columns);
  const key = (name) => `${task.name}.${name}`;
  const shownNames = () => {
    const names = state.get(key("columns"), usual.join(","));
    return columns.filter(({ name }) => ALWAYS.includes(name) || names.split(",").includes(name));
  };

  const search = element("input", {
    type: "search", "aria-label": "Filter solvers", placeholder: "filter solvers",
    oninput: (event) => state.set(key("filter"), event.target.value, ""),
  });
  const boxes = columns.filter(({ name }) => !ALWAYS.includes(name)).map((column) => {
    const box = element("input", { type: "checkbox", value: column.name, onchange: () => {
      const chosen = boxes.filter((other) => other.box.checked).map((other) => other.column.name);
      state.set(key("columns"), chosen.join(","), usual.filter((name) => !ALWAYS.includes(name)).join(","));
    } });
    return { box, column, label: element("label", { title: column.meaning }, box, column.header === "score" ? "score (median)" : column.header) };
  });
  const kinds = [["csv", "CSV, every column", "text/csv"], ["tex", "LaTeX, with booktabs", "application/x-tex"], ["md", "Markdown", "text/markdown"]];
  const files = menu("Download", kinds.map(([suffix, label, kind]) => element("button", {
    type: "button", "data-download": suffix, onclick: () => download(`leaderboard-${task.name}.${suffix}`, kind, task.downloads[suffix]),
  }, label)));
  const tools = [search, menu("Columns", boxes.map(({ label }) => label)), files];
  block.append(element("div", { class: "lead" }, element("h3", {}, "Leaderboard"), tools));
  const table = element("table", {});
  block.append(element("div", { class: "scroll" }, table), element("p", { class: "note" },
    "Medians over samples; failed cells count as worst. ",
    task.legend.join(" "), task.meanings.length ? " What a column means is shown on its header." : ""),
    element("p", { class: "note onpaper" }, task.meanings.join(" ")));

  state.follow([`${task.name}.`], () => {
    const needle = state.get(key("filter"), "");
    if (search.value !== needle) search.value = needle;
    const shown = shownNames();
    for (const { box, column } of boxes) box.checked = shown.includes(column);
    fillBoard(task, board, table, shown, needle.toLowerCase(), state.get(key("sort"), "rank"), (sort) => state.set(key("sort"), sort, "rank"));
  });
  return block;
}

function moreDatasets(task, count, width) {
  const all = () => state.set(`${task.name}.all`, "1", "");
  return element("tbody", {}, element("tr", {}, element("td", { class: "empty", colspan: width },
    `${plural(count, "dataset")} more: choose one above, or `, element("button", { type: "button", "data-all": true, onclick: all }, "show all"))));
}

function fillBoard(task, board, table, columns, needle, sort, onsort) {
  const focused = table.contains(document.activeElement) ? document.activeElement.dataset.sort : null;
  const datasets = datasetOf(task) ? [datasetOf(task)] : task.datasets;
  const metrics = new Set(datasets.map((dataset) => task.goals[dataset]?.metric));
  const heads = columns.map(({ name, header: label, meaning, kind }) => {
    if (kind === "range") return element("th", { scope: "col" }, element("span", { title: "Median and interval on one scale a dataset." }, label));
    const text = name === "median" && metrics.size === 1 ? [...metrics][0] : label;
    return header(name, text, meaning, sort, onsort, kind === "text" ? `text${name === "solver" ? " sticky" : ""}` : null);
  });
  const [by, descending] = sortOf(sort);
  const bodies = [];
  const whole = state.get(`${task.name}.all`, "") === "1";
  let shown = 0;
  for (const [at, dataset] of datasets.entries()) {
    if (shown > MOST_ROWS && !whole) {
      bodies.push(moreDatasets(task, datasets.length - at, columns.length));
      break;
    }
    const all = board.rows().filter((row) => board.at("dataset", row) === dataset);
    const rows = all.filter((row) => board.at("solver", row).toLowerCase().includes(needle));
    if (!rows.length) continue;
    if (board.has(by)) rows.sort((a, b) => compare(board.at(by, a), board.at(by, b), descending) || a - b);
    shown += rows.length;
    const goal = task.goals[dataset];
    const title = element("tr", { class: "of" }, element("th", { colspan: columns.length, scope: "rowgroup" },
      element("div", { class: "inner" }, named(dataset), element("small", {}, `ranked by ${goal.metric}${unit(goal.metric)}, ${goal.better} is better${goal.sealed ? ` · ${goal.sealed}` : ""}`))));
    const scale = rangeScale(board, all);
    bodies.push(element("tbody", {}, title, rows.map((row) => element("tr", { class: board.at("rank", row) === 1 ? "first" : null },
      columns.map((column) => boardCell(task, board, column, row, scale))))));
  }
  if (!bodies.length) bodies.push(element("tbody", {}, element("tr", {}, element("td", { class: "empty", colspan: columns.length }, "No solver's name has this in it."))));
  table.replaceChildren(element("thead", {}, element("tr", {}, heads)), ...bodies);
  if (focused) table.querySelector(`[data-sort="${CSS.escape(focused)}"]`)?.focus();
}
