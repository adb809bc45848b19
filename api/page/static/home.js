/* The first page: words become chips, chips are corrected, and only then a song is asked for. */

import { ask, newKey, pageOf } from "./api.js";
import { drawChips, keepingFocus } from "./chips.js";
import { about, busily, by, complain, h, say } from "./dom.js";

const form = by("ask");
const WAIT_MS = 500;
const corrected = new Map();
let tune = {};
let seed = null;
let key = newKey();
let timer = 0;
let asked = 0;

function wishes() {
  const told = { prompt: by("prompt").value.trim(), set: { ...tune, ...Object.fromEntries(corrected) } };
  const words = by("lyrics").value.trim();
  const own = by("seed").value.trim();
  const packages = [...form.querySelectorAll('[name="package"]:checked')].map((box) => box.value);
  if (words) told.lyrics = words;
  if (packages.length) told.packages = packages;
  if (own) told.seed = Number(own);
  else if (seed !== null) told.seed = seed;
  return told;
}

/* Ask what the words are understood as. Nothing is made; an answer that came late is not shown. */
async function understand() {
  const told = wishes();
  if (!told.prompt) {
    by("understood").hidden = true;
    return;
  }
  const mine = ++asked;
  try {
    const { data } = await ask("POST", "/api/v2/compositions/understand/", { body: told });
    if (mine !== asked) return;
    complain(by("problem"), null);
    seed = data.seed;
    show(data);
  } catch (error) {
    if (mine === asked) complain(by("problem"), error);
  }
}

function show(data) {
  by("understood").hidden = false;
  by("sentence").textContent = data.sentence;
  by("steps").querySelector("ul").replaceChildren(...data.steps.map((step) => h("li", {}, step)));
  keepingFocus(() => drawChips(by("chips"), data.chips, correct, takeBack));
  const cost = Number(data.cost_usd) > 0 ? `, about $${data.cost_usd}` : ", free";
  const who = Object.values(data.engines).join(" and ");
  by("estimate").textContent = `${about(data.estimate_s)}${cost}, by the ${who.toLowerCase() === "built-in engine" ? "built-in engine" : who}`;
}

function correct(path, value) {
  corrected.set(path, value);
  changed();
  say("Corrected.");
}

function takeBack(paths) {
  for (const path of paths) corrected.delete(path);
  changed();
}

/* Another wish is another request: it gets a key of its own. */
function changed() {
  key = newKey();
  clearTimeout(timer);
  understand();
}

function soon() {
  key = newKey();
  clearTimeout(timer);
  timer = setTimeout(understand, WAIT_MS);
}

async function make() {
  const told = wishes();
  const takes = Number(by("takes").value);
  try {
    const { data } = takes
      ? await ask("POST", "/api/v2/compositions/takes/", { body: { ...told, count: takes }, key })
      : await ask("POST", "/api/v2/compositions/generate/", { body: told, key });
    location.assign(takes ? `/songs/${encodeURIComponent(data.composition)}/takes` : pageOf(data.composition, data.version));
  } catch (error) {
    complain(by("problem"), error);
  }
}

async function takeTune(file) {
  tune = {};
  if (file) {
    const query = new URLSearchParams({ what: "tune", name: file.name.slice(-200) });
    try {
      tune = (await ask("POST", `/api/v2/uploads/?${query}`, { file })).data.set;
      say("The tune was taken.");
    } catch (error) {
      complain(by("problem"), error);
      by("tune").value = "";
      return;
    }
  }
  changed();
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busily(by("make-it"), make);
  });
  for (const id of ["prompt", "lyrics", "seed"]) by(id).addEventListener("input", soon);
  form.addEventListener("change", (event) => event.target.name === "package" && soon());
  by("tune").addEventListener("change", (event) => takeTune(event.target.files[0]));
  for (const button of form.querySelectorAll("[data-example]")) {
    button.addEventListener("click", () => {
      by("prompt").value = button.dataset.example;
      corrected.clear();
      seed = null;
      changed();
    });
  }
  if (by("prompt").value.trim()) soon();
}
