// One picture at full size: zoom, blink between reconstruction, truth and error, step through the solvers.
const viewer = {
  dialog: document.getElementById("viewer"),
  shown: null,
  timer: 0,

  open(entry, view, solver, face) {
    this.shown = { entry, view, solver, face, zoom: 0 };
    this.render();
    if (!this.dialog.open) this.dialog.showModal();
  },

  faces() {
    const { view, solver } = this.shown;
    return [["found", "Reconstruction", view.answers[solver]], ["truth", "Truth", view.truth], ["error", "Error", view.errors[solver]]].filter(([, , image]) => image);
  },

  show(face) {
    if (!this.faces().some(([name]) => name === face)) return;
    this.shown.face = face;
    this.render();
  },

  step(by) {
    const { entry, view } = this.shown;
    const count = entry.solvers.length;
    for (let turn = 1; turn <= count; turn++) {
      const next = (((this.shown.solver + turn * by) % count) + count) % count;
      if (view.answers[next]) {
        this.shown.solver = next;
        return this.show(this.shown.face);
      }
    }
  },

  zoom(by) {
    this.shown.zoom = Math.max(-2, Math.min(12, this.shown.zoom + by));
    this.resize();
  },

  blink(on = !this.timer) {
    clearInterval(this.timer);
    this.timer = on && this.shown.view.truth ? setInterval(() => this.show(this.shown.face === "found" ? "truth" : "found"), 600) : 0;
    this.render();
  },

  resize() {
    const image = this.dialog.querySelector("img.large"), stage = this.dialog.querySelector(".stage");
    if (!image.naturalWidth) return;
    const fit = Math.min((stage.clientWidth - 24) / image.naturalWidth, (stage.clientHeight - 24) / image.naturalHeight);
    image.style.width = `${Math.max(8, image.naturalWidth * fit * 1.25 ** this.shown.zoom)}px`;
  },

  render() {
    const { entry, view, solver, face } = this.shown;
    const focused = this.dialog.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const of = entry.solvers[solver];
    const act = (name, label, run, pressed) => element("button", { type: "button", "data-act": name, onclick: run, "aria-pressed": pressed === undefined ? null : String(pressed) }, label);
    const old = this.dialog.querySelector(".stage");
    const at = old ? [old.scrollLeft, old.scrollTop] : [0, 0];
    const image = element("img", { class: "large", src: this.faces().find(([name]) => name === face)[2], alt: `${face} of ${view.name}, ${of.solver} on ${entry.dataset}`, onload: () => this.resize() });
    this.dialog.replaceChildren(
      element("header", {}, element("h3", {}, named(of.solver), element("span", { class: "note" }, ` ${view.name} · ${entry.dataset} · ${entry.metric} ${number(unpackNumber(of.score))}`)), act("close", "Close", () => this.dialog.close())),
      element("div", { class: "stage", tabindex: 0, "aria-label": "Picture, scrollable" }, image),
      element("footer", {},
        element("div", { class: "group", role: "group", "aria-label": "Shown" }, this.faces().map(([name, label]) => act(name, label, () => this.show(name), name === face))),
        view.truth ? act("blink", "Blink", () => this.blink(), Boolean(this.timer)) : null,
        element("div", { class: "group", role: "group", "aria-label": "Zoom" }, act("out", "−", () => this.zoom(-1)), act("in", "+", () => this.zoom(1))),
        element("div", { class: "group", role: "group", "aria-label": "Solver" }, act("back", "Previous", () => this.step(-1)), act("on", "Next", () => this.step(1))),
        face === "error" ? colourKey(entry.keys[view.error_colours], view.error_low, view.error_high, view.kind === "complex" ? "" : view.unit)
          : view.kind === "map" ? colourKey(entry.keys[view.colours], view.low, view.high, view.unit) : null));
    if (focused) this.dialog.querySelector(`[data-act="${focused}"]`)?.focus();
    const stage = this.dialog.querySelector(".stage");
    requestAnimationFrame(() => { this.resize(); [stage.scrollLeft, stage.scrollTop] = at; });
  },
};

viewer.dialog.addEventListener("close", () => { clearInterval(viewer.timer); viewer.timer = 0; });
viewer.dialog.addEventListener("keydown", (event) => {
  const run = { 1: () => viewer.show("found"), 2: () => viewer.show("truth"), 3: () => viewer.show("error"), b: () => viewer.blink(),
    "+": () => viewer.zoom(1), "=": () => viewer.zoom(1), "-": () => viewer.zoom(-1), n: () => viewer.step(1), p: () => viewer.step(-1) }[event.key];
  if (run && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); run(); }
});
addEventListener("resize", () => { if (viewer.dialog.open) viewer.resize(); });

function colourKey(image, low, high, ofUnit) {
  return element("span", { class: "key" }, number(low), element("img", { class: "strip", src: image, alt: "colour scale" }), `${number(high)} ${ofUnit}`.trim());
}
