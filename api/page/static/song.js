/* The page of a song: everything on it is made ready here, each part by its own module. */

import { Problem, ask, get, place, song } from "./api.js";
import { showLoudness, showSpectrum } from "./curves.js";
import { busily, by, complain, h } from "./dom.js";
import { readyActions, readySharing } from "./manage.js";
import { readyMixer } from "./mixer.js";
import { planned } from "./plan.js";
import { openPlayer, showSections } from "./player.js";
import { followVersion } from "./progress.js";
import { showRoll, showWords } from "./score.js";

const here = (path) => place(path, { version: song.version });
const nowhere = h("p", { class: "problem" });
const problemPlace = () => by("revise-problem") ?? nowhere;

async function readySound() {
  if (!by("player")) return null;
  try {
    const sound = await get(here("sound/"));
    const transport = await openPlayer(sound);
    showLoudness(transport, sound);
    showSpectrum(sound);
    readyMixer(sound, transport, (body) => planned(body, problemPlace()));
    fillTracks(sound);
    return transport;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    complain(by("listening"), error);
    return null;
  }
}

async function readyScore(transport) {
  if (!by("roll")) return;
  const score = await get(here("score/"));
  if (transport) showSections(transport, score.sections);
  showRoll(transport, score);
  showWords(transport, score.lines);
}

function fillTracks(sound) {
  by("replace-track")?.replaceChildren(...sound.stems.map((stem) => h("option", { value: stem.track }, stem.label)));
}

function readyRevising() {
  const form = by("revise");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busily(form.querySelector("[type=submit]"), () => planned({ words: by("words").value.trim() }, problemPlace()));
  });
  for (const button of form.querySelectorAll("[data-words]")) {
    button.addEventListener("click", () => {
      const before = by("words").value.trim();
      by("words").value = before ? `${before}, ${button.dataset.words}` : button.dataset.words;
      by("words").focus();
    });
  }
  by("replace-what").addEventListener("change", (event) => (by("replace-track-row").hidden = event.target.value !== "stem"));
  by("replace").addEventListener("submit", (event) => {
    event.preventDefault();
    busily(event.target.querySelector("[type=submit]"), replace);
  });
}

async function replace() {
  const file = by("replace-file").files[0];
  const what = by("replace-what").value;
  const query = { what, name: file.name.slice(-200), ...(what === "stem" && { track: by("replace-track").value }) };
  try {
    const { data } = await ask("POST", place("uploads/", query), { file });
    await planned({ set: data.set }, problemPlace());
  } catch (error) {
    complain(problemPlace(), error);
  }
}

function readyPackages() {
  const made = [...document.querySelectorAll("[data-made]")].map((one) => one.dataset.made);
  for (const button of document.querySelectorAll("[data-package]")) {
    button.addEventListener("click", () => busily(button, () => planned({ packages: [...made, button.dataset.package] }, problemPlace())));
  }
}

readyActions();
readySharing();
readyRevising();
readyPackages();
followVersion();
await readyScore(await readySound());
document.documentElement.dataset.ready = "true";
