// Every cell of a task, in a table of which only the part in view is there.
const ROW = 34;
const SCORED = new Set(["ok", "time_limit"]);
const opened = {};

function showCells(task, solver, dataset) {
  state.set(`${task.name}.cells.solver`, solver, "");
  state.set(`${task.name}.cells.dataset`, dataset, "");
  opened[task.name].open = true;
  opened[task.name].scrollIntoView({ block: "start" });
  opened[task.name].querySelector("summary").focus({ preventScroll: true });
}

function cellsBlock(task) {
  const cells = new Table(task.cells);
  const key = (name) => `${task.name}.cells.${name}`;
  const controls = element("div", { class: "lead" });
  const counted = element("span", { class: "note", role: "status" });
  const table = element("table", {});
  const frame = element("div", { class: "cells", tabindex: 0, "aria-label": "Cells, scrollable" }, table);
  const fold = element("details", { class: "fold nocopy", id: `${task.name}-cells` },
    element("summary", {}, `Every cell (${task.records.toLocaleString("en")})`),
    element("div", {}, controls, frame, cells.length < task.records ? element("p", { class: "note" }, `The first ${cells.length.toLocaleString("en")} are listed; the leaderboard counts all.`) : null));
  opened[task.name] = fold;
  let rows = [], drawn = "";
  const statuses = [...new Set(cells.rows().map((row) => cells.at("status", row)))].sort();

  const draw = () => {
    const first = Math.max(0, Math.floor(frame.scrollTop / ROW) - 12);
    const last = Math.min(rows.length, first + Math.ceil(frame.clientHeight / ROW) + 24);
    if (drawn === `${first} ${last}`) return;
    drawn = `${first} ${last}`;
    const gap = (count) => element("tr", { class: "gap", "aria-hidden": "true", style: `height:${count * ROW}px` }, element("td", { colspan: task.cell_columns.length }));
    table.tBodies[0].replaceChildren(gap(first), ...rows.slice(first, last).map((row, at) => cellRow(task, cells, row, first + at + 2)), gap(rows.length - last));
  };
  const fill = () => {
    if (!fold.open) return;
    const solver = state.get(key("solver"), ""), dataset = state.get(key("dataset"), ""), status = state.get(key("status"), "");
    const pick = (label, name, options, chosen) => field(label, choice([["", "all"], ...options.map((option) => [option, option])], chosen, (value) => state.set(key(name), value, "")));
    controls.replaceChildren(pick("solver", "solver", task.solvers, solver), pick("dataset", "dataset", task.datasets, dataset), pick("status", "status", statuses, status),
      menu("Download", element("button", { type: "button", "data-download": "cells", onclick: () => download(`cells-${task.name}.csv`, "text/csv", cellsCsv(task, cells, rows)) }, "CSV of these cells, 4 digits")), counted);
    rows = cells.rows().filter((row) => (!solver || cells.at("solver", row) === solver) && (!dataset || cells.at("dataset", row) === dataset) && (!status || cells.at("status", row) === status));
    const sort = state.get(key("sort"), "");
    const [by, descending] = sortOf(sort);
    if (cells.has(by)) rows.sort((a, b) => compare(cells.at(by, a), cells.at(by, b), descending) || a - b);
    counted.textContent = plural(rows.length, "cell");
    const focused = table.contains(document.activeElement) ? document.activeElement.dataset.sort : null;
    table.setAttribute("aria-rowcount", rows.length + 1);
    table.replaceChildren(element("thead", {}, element("tr", { "aria-rowindex": 1 }, task.cell_columns.map((name) =>
      header(name, name === "rank" ? name : headerOf(name), DATA.metrics[name]?.definition ?? "", sort, (next) => state.set(key("sort"), next, ""), cells.isText(name) ? "text" : null)))), element("tbody", {}));
    if (focused) table.querySelector(`[data-sort="${CSS.escape(focused)}"]`)?.focus();
    drawn = "";
    frame.scrollTop = 0;
    draw();
  };
  frame.addEventListener("scroll", draw, { passive: true });
  fold.addEventListener("toggle", () => { state.set(key("open"), fold.open ? "1" : "", ""); fill(); });
  state.follow([`${task.name}.cells.`], () => {
    const open = state.get(key("open"), "") === "1";
    if (fold.open !== open) fold.open = open;
    fill();
  });
  return fold;
}

function cellRow(task, cells, row, index) {
  const status = cells.at("status", row);
  const tip = `record ${cellKey(task, row)}, environment ${cells.at("environment", row)}, code ${cells.at("code_id", row)}${cells.at("stale", row) ? ", stale" : ""}`;
  return element("tr", { "aria-rowindex": index, title: tip }, task.cell_columns.map((name) => {
    const value = cells.at(name, row);
    if (name === "status") return element("td", { class: "text" }, element("span", { class: `chip ${status === "ok" ? "good" : SCORED.has(status) ? "warn" : "bad"}` }, status), cells.at("stale", row) ? element("span", { class: "chip warn" }, "stale") : null);
    return element("td", { class: cells.isText(name) ? "text" : null }, typeof value === "number" ? number(value) : value);
  }));
}

function cellKey(task, row) {
  return task.cells.keys.slice(row * task.cells.key_length, (row + 1) * task.cells.key_length);
}

function cellsCsv(task, cells, rows) {
  const names = [...task.cell_columns, "stale", "environment", "code_id"];
  const lines = rows.map((row) => [cellKey(task, row), ...names.map((name) => csvCell(cells.at(name, row)))].join(","));
  return [["record", ...names].join(","), ...lines].join("\n") + "\n";
}
