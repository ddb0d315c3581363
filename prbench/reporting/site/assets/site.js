// A filter over the rows of a page. What it shows stands in the address, so that a view can be linked to.
"use strict";
const form = document.querySelector("[data-filter]");
if (form) {
  const names = ["solver", "dataset", "run"];
  const link = form.querySelector("[data-permalink]");
  const show = () => {
    const wanted = names.map((name) => [name, form.elements[name].value.trim().toLowerCase()]).filter(([, text]) => text);
    for (const table of document.querySelectorAll("table[data-filtered]")) {
      let visible = 0;
      for (const row of table.tBodies[0].rows) {
        row.hidden = !wanted.every(([name, text]) => (row.dataset[name] ?? "").toLowerCase().includes(text));
        visible += !row.hidden;
      }
      table.closest("section").hidden = visible === 0 && wanted.length > 0;
    }
    const query = new URLSearchParams(wanted).toString();
    const address = `${location.pathname}${query ? `?${query}` : ""}${location.hash}`;
    link.href = address;
    history.replaceState(null, "", address);
  };
  const asked = new URLSearchParams(location.search);
  for (const name of names) form.elements[name].value = asked.get(name) ?? "";
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
document.documentElement.dataset.ready = "true";
