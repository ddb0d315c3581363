// Truth, reconstructions and errors of one sample of a dataset, on shared scales.
function galleryBlock(task) {
  if (!task.gallery) return null;
  const grid = element("div", {});
  const controls = element("div", { class: "lead" });
  const block = element("div", { class: "block", id: `${task.name}-gallery` }, controls, grid);
  const entries = task.gallery.datasets.map((entry) => ({ ...entry, keys: task.gallery.keys }));
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; };
  const key = (name) => `${task.name}.${name}`;
  state.follow([key("dataset"), key("pictured"), key("quantity")], () => {
    stop();
    const wanted = datasetOf(task) || state.get(key("pictured"), entries[0].dataset);
    const entry = entries.find(({ dataset }) => dataset === wanted) ?? entries[0];
    const view = entry.views.find(({ name }) => name === state.get(key("quantity"), "")) ?? entry.views[0];
    const pick = field("dataset", choice(entries.map(({ dataset }) => [dataset, dataset]), entry.dataset, (name) => {
      if (datasetOf(task)) state.set(key("dataset"), name, "");
      else state.set(key("pictured"), name, entries[0].dataset);
    }));
    const quantity = entry.views.length > 1 ? field("quantity", choice(entry.views.map(({ name }) => [name, name]), view.name, (name) => state.set(key("quantity"), name, entry.views[0].name))) : null;
    const blink = view?.truth ? element("button", { type: "button", "aria-pressed": "false", onclick: (event) => {
      if (timer) stop();
      else timer = setInterval(() => flip(grid), 600);
      event.target.setAttribute("aria-pressed", String(Boolean(timer)));
      if (!timer) flip(grid, "found");
    } }, "Blink with truth") : null;
    controls.replaceChildren(element("h3", {}, "Gallery"), entries.length > 1 ? pick : "", quantity ?? "", blink ?? "");
    fillGallery(grid, entry, view);
    if (wanted !== entry.dataset) grid.prepend(element("p", { class: "note" }, `No pictures of ${wanted} are in this report; these are of ${entry.dataset}.`));
  });
  return block;
}

function fillGallery(grid, entry, view) {
  if (!view) {
    grid.replaceChildren(element("p", { class: "note" }, `The problem could not be made again: ${entry.problem ?? "nothing to draw"}.`));
    return;
  }
  const sample = `sample ${entry.sample}${view.plane ? `, ${view.plane}` : ""}`;
  const first = element("figure", { class: "card" }, element("div", { class: "pair two" },
    view.truth ? picture(entry, view, view.answers.findIndex(Boolean), "truth", view.truth) : null, scales(entry, view)),
    element("figcaption", {}, view.truth ? "truth" : "no truth is known", element("span", { class: "score" }, sample)));
  const cards = entry.solvers.map((of, solver) => view.answers[solver] ? element("figure", { class: "card" },
    element("div", { class: `pair${view.errors[solver] ? " two" : ""}` },
      picture(entry, view, solver, "found", view.answers[solver]), view.errors[solver] ? picture(entry, view, solver, "error", view.errors[solver]) : null),
    element("figcaption", {}, named(of.solver), element("span", { class: "score" }, `${entry.metric} ${number(unpackNumber(of.score))}, seed ${of.seed}`))) : null).filter(Boolean);
  const relative = view.kind === "complex" && view.errors.some(Boolean);
  grid.replaceChildren(element("div", { class: "gallery" }, first, cards),
    relative ? element("p", { class: "note" }, "Reconstructions are aligned with the truth; errors are over its largest magnitude.") : "");
}

// What the colours of a view mean.
function scales(entry, view) {
  const strip = (label, image, low, high, of) => element("div", { class: "scale" }, label, element("img", { class: "strip", src: image, alt: "colour scale" }), `${number(low)} to ${number(high)} ${of}`.trim());
  const complex = view.kind === "complex";
  const errors = view.errors.some(Boolean) ? strip("error", entry.keys[view.error_colours], view.error_low, view.error_high, complex ? "" : view.unit) : null;
  const main = complex ? [element("img", { class: "wheel", src: entry.keys.wheel, alt: "colour wheel" }), element("div", {}, "colour: phase", element("br"), "brightness: magnitude")]
    : [strip(view.name, entry.keys[view.colours], view.low, view.high, view.unit)];
  return element("div", { class: "about" }, main, errors);
}

function picture(entry, view, solver, face, image) {
  const shown = element("img", { src: image, loading: "lazy", decoding: "async", alt: `${face === "found" ? "reconstruction" : face}: ${view.name}, ${entry.solvers[solver].solver}` });
  if (face === "found") Object.assign(shown.dataset, { found: image, truth: view.truth ?? image, blinks: "found" });
  return element("button", { type: "button", "aria-label": `Enlarge ${shown.alt}`, onclick: () => viewer.open(entry, view, solver, face) }, shown);
}

function flip(grid, to = null) {
  for (const image of grid.querySelectorAll("img[data-blinks]")) {
    const next = to ?? (image.dataset.blinks === "found" ? "truth" : "found");
    image.dataset.blinks = next;
    image.src = image.dataset[next];
  }
}
