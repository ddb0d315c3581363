// The page: what was run, a part for each task, what failed, where it ran, how to run it again.
function facts(meta) {
  const fact = (value, label, mark) => element("li", { class: mark }, element("b", {}, value), ` ${label}`);
  const notRun = (meta.statuses.skipped ?? 0) + (meta.statuses.interrupted ?? 0);
  const days = [meta.first.slice(0, 10), meta.last.slice(0, 10)];
  return element("ul", { class: "facts" }, fact(meta.records.toLocaleString("en"), meta.records === 1 ? "cell" : "cells"),
    fact((meta.statuses.ok ?? 0).toLocaleString("en"), "ok"), meta.statuses.time_limit ? fact(meta.statuses.time_limit, "at the time limit", "warn") : null,
    meta.failed ? fact(meta.failed, "failed", "bad") : null, notRun ? fact(notRun, "not run", "warn") : null, meta.stale ? fact(meta.stale, "stale", "warn") : null,
    days[0] ? fact(days[0] === days[1] ? days[0] : `${days[0]} to ${days[1]}`, "UTC") : null, fact(meta.version, "prbench"));
}

function overviewPart(rows) {
  if (!rows.length) return null;
  const head = [["task", "text"], ["ahead", "text"], ["score", "text"], ["on dataset", "text"], ["first on"], ["tied"], ["solvers"], ["cells"], ["failed"]];
  const title = { "first on": "Datasets on which it ranks first.", tied: "Solvers that the paired tests do not tell from it there." };
  const body = rows.map((row) => element("tr", {}, element("td", { class: "text" }, element("a", { href: `#${row.name}`, onclick: goTo(row.name) }, row.name)),
    element("td", { class: "text main" }, named(row.solver)), element("td", { class: "text", title: row.meaning }, `${row.metric} ${row.score}`), element("td", { class: "text" }, named(row.dataset)),
    element("td", {}, `${row.firsts} of ${row.datasets}`), element("td", {}, String(row.tied)), element("td", {}, String(row.solvers)), element("td", {}, row.cells.toLocaleString("en")),
    element("td", {}, row.failed ? element("span", { class: "chip bad" }, String(row.failed)) : "0")));
  return element("section", { class: "part", id: "overview" }, element("h2", {}, "Overview"),
    element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, head.map(([name, kind]) => element("th", { scope: "col", class: kind ?? null, title: title[name] ?? null }, element("span", {}, name))))), element("tbody", {}, body))),
    element("p", { class: "note" }, "Ahead: first on most datasets of the task. First on: datasets on which it ranks first. Tied: solvers that the paired tests do not tell from it there."));
}

function goTo(id) {
  return (event) => {
    event.preventDefault();
    document.getElementById(id).scrollIntoView();
    state.set("at", id, "");
  };
}

function taskPart(task) {
  const part = element("section", { class: "part", id: task.name });
  const pick = element("div", {});
  part.append(element("div", { class: "lead" }, element("h2", {}, task.name), pick));
  if (task.datasets.length > 1) {
    state.follow([`${task.name}.dataset`], () => pick.replaceChildren(field("dataset", choice([["", `all ${task.datasets.length}`], ...task.datasets.map((name) => [name, name])], datasetOf(task), (name) => state.set(`${task.name}.dataset`, name, "")))));
  }
  if (task.too_few.length) part.append(element("p", { class: "banner", role: "note" }, element("b", {}, "Few samples. "), task.too_few.join(" ")));
  if (task.board) part.append(leaderboard(task));
  else part.append(element("p", { class: "note" }, "No cell of this task has been run to an end."));
  const charts = task.board ? [paretoCharts(task), convergenceCharts(task), settingCharts(task)].filter(Boolean) : [];
  for (const block of charts) block.querySelector(".lead").after(legend(task));
  part.append(...charts, ...[galleryBlock(task), cellsBlock(task)].filter(Boolean));
  return part;
}

function failuresPart(failures) {
  if (!failures.groups.length) return null;
  const folds = failures.groups.map((group) => element("details", { class: "fold" },
    element("summary", {}, element("span", { class: "chip bad" }, `${group.cells} × ${group.status}`), " ", named(group.solver), " on ", named(group.dataset), element("span", { class: "note" }, ` ${group.message}`)),
    element("div", {}, element("p", { class: "note" }, `${group.task}${group.stage ? `, while ${group.stage === "problem" ? "making the problem" : group.stage}` : ""}; one of them: sample ${group.sample}, seed ${group.seed}, record ${group.key}`),
      group.details ? element("pre", { tabindex: 0 }, group.details) : element("p", {}, "There is no traceback."))));
  const left = failures.left_out ? element("p", { class: "note" }, `and ${plural(failures.left_out, "further reason")}; prbench status lists them.`) : null;
  return element("section", { class: "part", id: "failures" }, element("h2", {}, "Failures"), folds, left);
}

function warningsPart(warnings) {
  if (!warnings.groups.length) return null;
  const rows = warnings.groups.map((group) => element("li", {}, element("span", { class: "chip warn" }, plural(group.cells, "cell")), " ", named(group.dataset), element("span", { class: "note" }, ` ${group.warning}`)));
  const left = warnings.left_out ? element("p", { class: "note" }, `and ${plural(warnings.left_out, "further warning")}; prbench status lists them.`) : null;
  return element("section", { class: "part", id: "warnings" }, element("h2", {}, "Warnings"), element("p", {}, "What is suspicious in measured data or in what was made of them, though it could be read and solved."), element("ul", {}, rows), left);
}

function environmentPart(environments, corrupt) {
  const value = (found) => found === null ? "none" : typeof found === "object" ? Object.entries(found).map(([name, version]) => `${name} ${version}`).join(", ") : String(found);
  const label = (name) => ({ memory_bytes: "memory", gpu: "GPU" }[name] ?? name);
  const shown = (name, found) => name === "memory_bytes" ? `${(found / 2 ** 30).toFixed(1)} GiB` : value(found);
  const lists = environments.map((environment) => element("div", { class: "block" }, element("h3", {}, `${environment.id || "unknown"} · ${plural(environment.cells, "cell")}`),
    element("dl", { class: "pairs" }, Object.entries(environment.values).flatMap(([name, found]) => [element("dt", {}, label(name)), element("dd", {}, shown(name, found))]))));
  const broken = corrupt.length ? element("div", { class: "block" }, element("h3", {}, "Files that could not be read"), element("pre", {}, corrupt.join("\n"))) : null;
  return element("section", { class: "part", id: "environment" }, element("h2", {}, "Environment"), lists, broken);
}

function reproducePart() {
  const code = new Table(DATA.code);
  const rows = code.rows().map((row) => element("tr", {}, element("td", { class: "text" }, named(code.at("solver", row))), element("td", { class: "text" }, named(code.at("dataset", row))),
    element("td", { class: "mono" }, code.at("code", row).slice(0, 16)), element("td", {}, String(code.at("cells", row))), element("td", {}, code.at("stale", row) ? element("span", { class: "chip warn" }, String(code.at("stale", row))) : "0")));
  const head = ["solver", "dataset", "code", "cells", "stale"].map((name, at) => element("th", { scope: "col", class: at < 2 ? "text" : null }, element("span", {}, name)));
  const out = `prbench-results/${DATA.meta.name}`;
  const commands = `# prbench ${DATA.meta.version}\nprbench run ${DATA.meta.name}.yaml --out '${out.replaceAll("'", "'\\''")}'\nprbench report '${out.replaceAll("'", "'\\''")}'`;
  return element("section", { class: "part", id: "reproduce" }, element("h2", {}, "How to reproduce"),
    element("p", {}, "This matrix holds every cell of the report; cells that are there already are not run again."), element("pre", { tabindex: 0 }, commands),
    element("div", { class: "lead" }, element("h3", {}, `${DATA.meta.name}.yaml`), element("button", { type: "button", "data-download": "matrix", onclick: () => download(`${DATA.meta.name}.yaml`, "application/yaml", DATA.matrix) }, "Download")),
    element("pre", { tabindex: 0 }, DATA.matrix),
    element("details", { class: "fold" }, element("summary", {}, "Code: a digest of the source of solver and dataset, and of what they import"),
      element("div", {}, element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows))))));
}

function start() {
  const { meta } = DATA;
  const parts = [overviewPart(DATA.overview), ...DATA.tasks.map(taskPart), failuresPart(DATA.failures), warningsPart(DATA.warnings), environmentPart(DATA.environments, meta.corrupt), reproducePart()].filter(Boolean);
  const links = parts.map((part) => element("a", { href: `#${part.id}`, onclick: goTo(part.id) }, part.querySelector("h2").textContent));
  document.getElementById("head").append(element("div", { class: "title" }, element("div", { class: "eyebrow" }, "prbench report"), element("h1", {}, meta.name), facts(meta)));
  document.getElementById("head").after(element("nav", { "aria-label": "Parts of the report" }, element("div", { class: "bar" }, links)));
  const main = document.getElementById("main");
  main.append(...parts);
  document.querySelector("[data-skip]").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
  document.getElementById("foot").append(`Made by prbench ${meta.version} from ${plural(meta.records, "record")} in ${meta.folder}. This file needs no network.`);
  const spy = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const link = links[parts.indexOf(target)];
      if (isIntersecting) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-60px 0px -70% 0px" });
  for (const part of parts) spy.observe(part);
  addEventListener("click", (event) => { for (const open of document.querySelectorAll("details.menu[open]")) if (!open.contains(event.target)) open.open = false; });
  addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });
  document.getElementById(state.get("at", ""))?.scrollIntoView({ behavior: "instant" });
  document.documentElement.dataset.ready = "true";
  drawRest();
}

start();
