/* Chips: what was understood, one thing at a time, each opening into fields with which it is corrected. */

import { by, h } from "./dom.js";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/* Draw `chips` into the list. `onset(path, value)` is told of a correction, `onclear(paths)` that it is taken back. */
export function drawChips(list, chips, onset, onclear) {
  const open = list.querySelector("li.open")?.dataset.name;
  list.replaceChildren(...chips.map((chip) => drawn(list, chip, chip.name === open, onset, onclear)));
}

function drawn(list, chip, isOpen, onset, onclear) {
  const id = `chip-${chip.name}`;
  const item = h("li", { class: isOpen ? "open" : "", "data-name": chip.name });
  const editor = h("div", { class: "editor", id: `${id}-fields`, role: "group", "aria-label": `Correct: ${chip.label}` });
  editor.hidden = !isOpen;
  for (const one of chip.fields) editor.append(field(one, `${id}-${one.path.replaceAll(".", "-")}`, onset));
  if (chip.source === "set") {
    editor.append(h("button", { type: "button", class: "link", onclick: () => onclear(chip.fields.map((one) => one.path)) }, "Take the correction back"));
  }
  const button = h(
    "button",
    {
      type: "button", id, class: `chip ${chip.source}`, "aria-expanded": isOpen, "aria-controls": editor.id,
      onclick: () => toggle(list, item),
    },
    h("span", { class: `dot ${chip.source}`, "aria-hidden": "true" }),
    h("span", { class: "chip-label" }, chip.label), " ", h("b", {}, chip.text),
    h("span", { class: "unseen" }, { set: ", corrected by you", heard: ", heard in your words", chosen: ", chosen for you" }[chip.source]),
  );
  item.append(button, editor);
  return item;
}

function toggle(list, item) {
  const willOpen = !item.classList.contains("open");
  for (const other of list.children) show(other, false);
  show(item, willOpen);
  if (willOpen) item.querySelector(".editor input, .editor select")?.focus();
}

function show(item, isOpen) {
  item.classList.toggle("open", isOpen);
  item.querySelector(".editor").hidden = !isOpen;
  item.querySelector(".chip").setAttribute("aria-expanded", isOpen);
}

function field(one, id, onset) {
  const make = { text, number, share, choice, switch: switched, several, weights, players }[one.kind];
  return make(one, id, (value) => {
    if (!same(value, one.value)) onset(one.path, value);
  });
}

const labelled = (one, id, control, after = "") => h("p", {}, h("label", { for: id }, one.label), " ", control, after && h("span", { class: "soft" }, ` ${after}`));

function text(one, id, set) {
  return labelled(one, id, h("input", { id, value: one.value, maxlength: 200, onchange: (event) => set(event.target.value.trim()) }));
}

function number(one, id, set) {
  const told = (event) => event.target.value !== "" && event.target.checkValidity() && set(Number(event.target.value));
  return labelled(one, id, h("input", { id, type: "number", min: one.low, max: one.high, step: "any", value: one.value, onchange: told }), one.unit);
}

function share(one, id, set) {
  return labelled(one, id, h("input", { id, type: "range", min: 0, max: 1, step: 0.05, value: one.value, onchange: (event) => set(Number(event.target.value)) }));
}

function options(one) {
  return one.options.map((row) => h("option", { value: row.value, selected: row.value === one.value }, row.label));
}

function choice(one, id, set) {
  return labelled(one, id, h("select", { id, onchange: (event) => set(event.target.value) }, options(one)));
}

function switched(one, id, set) {
  return h("p", {}, h("label", { class: "tick", for: id }, h("input", { id, type: "checkbox", checked: one.value, onchange: (event) => set(event.target.checked) }), ` ${one.label}`));
}

function several(one, id, set) {
  const boxes = one.options.map((row) => h("input", { type: "checkbox", value: row.value, checked: one.value.includes(row.value) }));
  const told = () => set(boxes.filter((box) => box.checked).map((box) => box.value));
  const rows = boxes.map((box, place) => h("label", { class: "tick" }, box, ` ${one.options[place].label}`));
  return h("fieldset", { id, onchange: told }, h("legend", {}, one.label), rows);
}

/* Who plays: seats to be left out, and names of more. */
function players(one, id, set) {
  const boxes = one.value.map(() => h("input", { type: "checkbox", checked: true }));
  const more = h("input", { id: `${id}-more`, maxlength: 200, placeholder: "cello, hand drums" });
  const told = () => {
    const added = more.value.split(",").map((name) => name.trim()).filter(Boolean);
    const kept = one.value.filter((_, place) => boxes[place].checked);
    if (kept.length + added.length) set([...kept, ...added]);
  };
  const rows = one.value.map((seat, place) => h("label", { class: "tick" }, boxes[place], ` ${seat.name}`));
  return h("fieldset", { id, onchange: told }, h("legend", {}, one.label), rows,
    h("p", {}, h("label", { for: more.id }, "And also"), " ", more));
}

/* Styles with their shares: a slider each, and one more to be added. */
function weights(one, id, set) {
  const shares = { ...one.value };
  const total = Object.values(shares).reduce((sum, value) => sum + value, 0) || 1;
  const told = () => {
    const kept = Object.entries(shares).filter(([, value]) => value > 0.001);
    if (kept.length) set(kept.map(([name, weight]) => ({ name, weight })));
  };
  const label = (name) => one.options.find((row) => row.value === name)?.label ?? name;
  const rows = Object.entries(shares).map(([name, value]) => {
    const inner = `${id}-${name}`;
    const slider = h("input", { id: inner, type: "range", min: 0, max: 1, step: 0.05, value: value / total, onchange: (event) => {
      shares[name] = Number(event.target.value);
      told();
    } });
    return h("p", {}, h("label", { for: inner }, label(name)), " ", slider, h("span", { class: "soft" }, ` ${Math.round((100 * value) / total)} %`));
  });
  const others = one.options.filter((row) => !(row.value in shares));
  const more = h("select", { id: `${id}-more`, onchange: (event) => {
    if (!event.target.value) return;
    shares[event.target.value] = 0.5 * total;
    told();
  } }, h("option", { value: "" }, "choose…"), others.map((row) => h("option", { value: row.value }, row.label)));
  const instead = h("select", { id: `${id}-only`, onchange: (event) => event.target.value && set([{ name: event.target.value, weight: 1 }]) },
    h("option", { value: "" }, "choose…"), others.map((row) => h("option", { value: row.value }, row.label)));
  return h("div", {}, rows, h("p", {}, h("label", { for: `${id}-only` }, "Another style instead"), " ", instead),
    h("p", {}, h("label", { for: `${id}-more` }, "One more style"), " ", more));
}

/* Where the list stands is kept while it is drawn anew: the field that had the focus gets it back. */
export function keepingFocus(work) {
  const had = document.activeElement?.id;
  work();
  if (had && document.activeElement?.id !== had) by(had)?.focus();
}
