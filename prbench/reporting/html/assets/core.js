// Elements, numbers and tables. Text reaches the page as text nodes only.
const DATA = JSON.parse(document.getElementById("data").textContent);
const SPECS = JSON.parse(document.getElementById("specs").textContent);
const NOTHING = "–";
const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

// Three significant digits, as everywhere in prbench.
function number(value, digits = 3) {
  if (value === null || Number.isNaN(value)) return NOTHING;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 1000) return value.toFixed(0);
  return String(Number(value.toPrecision(digits)));
}

function unpackNumber(value) {
  return value === null ? NaN : value === "inf" ? Infinity : value === "-inf" ? -Infinity : value;
}

// A table that came as columns: `at(name, row)` is text or a number, NaN where undefined.
class Table {
  constructor(packed) {
    this.length = packed.n;
    this.names = Object.keys(packed.columns);
    this.columns = packed.columns;
    this.numeric = {};
    for (const name of this.names) {
      const column = packed.columns[name];
      if (Array.isArray(column)) this.numeric[name] = Float64Array.from(column, unpackNumber);
    }
  }

  has(name) {
    return name in this.columns;
  }

  isText(name) {
    return this.has(name) && !(name in this.numeric);
  }

  at(name, row) {
    if (name in this.numeric) return this.numeric[name][row];
    const column = this.columns[name];
    return column ? column.levels[column.codes[row]] : NaN;
  }

  rows() {
    return Array.from({ length: this.length }, (_, row) => row);
  }
}

// Compare for sorting; what is undefined comes last in either direction.
function compare(a, b, descending) {
  const lacking = (value) => typeof value === "number" && Number.isNaN(value);
  if (lacking(a) || lacking(b)) return lacking(a) - lacking(b);
  const order = typeof a === "string" ? (a < b ? -1 : a > b ? 1 : 0) : a - b || (a === b ? 0 : a < b ? -1 : 1);
  return descending ? -order : order;
}

function download(name, kind, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function csvCell(value) {
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(value)) value = `'${value}`;  // no formula in a spreadsheet
  const text = typeof value === "number" ? (Number.isNaN(value) ? "" : String(value).replace("Infinity", "inf")) : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function field(label, control) {
  return element("label", { class: "field" }, label, control);
}

function choice(options, chosen, onchange) {
  const made = options.map(([value, label]) => element("option", { value, selected: value === chosen }, label));
  return element("select", { onchange: (event) => onchange(event.target.value) }, made);
}

function buttons(label, options, chosen, onchoose) {
  const made = options.map(([value, text]) =>
    element("button", { type: "button", "aria-pressed": String(value === chosen), onclick: () => onchoose(value) }, text));
  return element("div", { class: "group", role: "group", "aria-label": label }, made);
}

function menu(label, ...content) {
  return element("details", { class: "menu" }, element("summary", {}, label), element("div", {}, content));
}

// The name of a plug-in, its settings in a quieter type.
function named(name) {
  const bracket = name.indexOf("[");
  if (bracket < 0) return element("span", {}, name);
  const pieces = name.slice(bracket).split(/(?<=[[,/])/).flatMap((piece, at) => (at ? [element("wbr"), piece] : [piece]));
  return element("span", {}, name.slice(0, bracket), element("wbr"), element("span", { class: "settings" }, pieces));
}

function plural(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

function unit(metric) {
  return DATA.metrics[metric]?.unit ? ` (${DATA.metrics[metric].unit})` : "";
}
