/* Two versions side by side: heard in step at one loudness, and all in which they differ. */

import { Problem, get, place } from "./api.js";
import { drawOutline, keepDrawn } from "./canvas.js";
import { by, complain, decision, h, measure, minus, plain, signed } from "./dom.js";
import { giveSources } from "./player.js";
import { MasterSource, Transport } from "./transport.js";

const sides = JSON.parse(by("sides").textContent);
const APART_S = 0.04;

/* Both masters in step, of which one is heard. */
class Pair {
  constructor(a, b) {
    this.both = [new MasterSource(a), new MasterSource(b)];
    this.heard = 0;
    this.gains = [1, 1];
    this.level = 1;
  }

  get at() {
    return this.both[this.heard].at;
  }

  get isPlaying() {
    return this.both[this.heard].isPlaying;
  }

  async play() {
    await Promise.all(this.both.map((one) => one.play()));
  }

  pause() {
    for (const one of this.both) one.pause();
  }

  seek(seconds) {
    for (const one of this.both) one.seek(seconds);
  }

  set volume(value) {
    this.level = value;
    this.both.forEach((one, which) => (one.volume = which === this.heard ? value * this.gains[which] : 0));
  }

  hear(which) {
    const at = this.at;
    this.heard = which;
    if (Math.abs(this.at - at) > APART_S) this.both[which].seek(at);
    this.volume = this.level;
  }
}

function matched(sounds) {
  const heard = sounds.map((one) => one.integrated_lufs ?? one.target_lufs);
  const quiet = Math.min(...heard);
  return heard.map((lufs) => quiet - lufs);
}

async function listen() {
  const sounds = await Promise.all([sides.old, sides.new].map((version) => get(place("sound/", { version }))));
  const outlines = await Promise.all([sides.old, sides.new].map((version) => get(place("waveform/", { version }))));
  const [a, b] = [by("audio-a"), by("audio-b")];
  giveSources(a, sounds[0].master);
  giveSources(b, sounds[1].master);
  const pair = new Pair(a, b);
  const length = Math.max(...sounds.map((one) => one.duration_s));
  const transport = new Transport(pair, length);
  const gains = matched(sounds);
  const match = () => {
    const isMatched = by("matched").checked;
    pair.gains = gains.map((db) => (isMatched ? 10 ** (db / 20) : 1));
    pair.volume = pair.level;
    by("matched-text").textContent = isMatched ? `A ${signed(gains[0])} dB, B ${signed(gains[1])} dB` : "each as loud as it is";
  };
  by("matched").addEventListener("change", match);
  match();
  const choose = (which) => {
    pair.hear(which);
    by("hear-a").setAttribute("aria-pressed", which === 0);
    by("hear-b").setAttribute("aria-pressed", which === 1);
  };
  by("hear-a").addEventListener("click", () => choose(0));
  by("hear-b").addEventListener("click", () => choose(1));
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "x" && !event.target.closest("input:not([type=range]), select, textarea")) choose(1 - pair.heard);
  });
  let share = 0;
  const drawers = [by("wave-a"), by("wave-b")].map((canvas, which) =>
    keepDrawn(canvas, () => drawOutline(canvas, outlines[which], share, { played: which === pair.heard ? "accent" : "soft" })));
  transport.follow((at) => {
    share = at / length;
    for (const draw of drawers) draw();
  });
}

const shown = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? minus(Number(value.toFixed(2))) : typeof value === "object" ? JSON.stringify(value) : plain(value));

function table(head, rows) {
  return h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": head[0] },
    h("table", { class: "beside" }, h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, cell)))))));
}

function part(title, rows, drawn) {
  return rows?.length ? [h("h3", {}, title), drawn(rows)] : [];
}

function drawDifferences(diff) {
  const changed = diff.artifacts.filter((row) => row.status !== "same");
  const tracks = diff.score?.tracks ?? [];
  const measured = (diff.measurements ?? []).filter((row) => !row.is_same);
  const told = [
    ...part("Decisions", diff.context, (rows) => table(["Decision", "A", "B"], rows.map((row) => [decision(row.path), shown(row.old), shown(row.new)]))),
    ...part("Measured", measured, (rows) => table(["Measure", "A", "B"], rows.map((row) => [measure(row.name), `${shown(row.old)} ${row.unit ?? ""}`, `${shown(row.new)} ${row.unit ?? ""}`]))),
    ...part("Notes", tracks.filter((row) => row.change !== "same"), (rows) => h("ul", {}, rows.map((row) => h("li", {}, `${plain(row.name)}: ${describe(row)}`)))),
    ...part("Words", diff.lyrics, (rows) => h("ul", {}, rows.map((row) => h("li", {}, [row.section, row.old, "→", row.new].filter(Boolean).map(shown).join(" "))))),
    ...part("Checks", diff.checks, (rows) => table(["Check", "A", "B"], rows.map((row) => [plain(row.check), outcome(row.old), outcome(row.new)]))),
    ...part("What was made anew", changed, (rows) => h("p", {}, rows.map((row) => plain(row.asset.split("/")[1])).join(", "))),
  ];
  if (!told.length) told.push(h("p", {}, "In nothing: they are the same, to the last bit."));
  by("diff").replaceChildren(...told);
  by("diff").setAttribute("aria-busy", "false");
}

function describe(row) {
  if (row.change !== "changed") return row.change;
  const facts = ["added", "removed", "changed"].filter((name) => row[name]).map((name) => `${row[name]} notes ${name}`);
  return facts.join(", ") || "changed";
}

const outcome = (side) => `${side.outcome === "waived" ? "excused" : side.outcome} (${shown(side.measured)})`;

const failing = (spot) => (error) => {
  if (!(error instanceof Problem)) throw error;
  complain(spot, error);
};

get(place("diff/", sides)).then(drawDifferences).catch(failing(by("diff")));
listen().catch(failing(by("matched-text"))).finally(() => (document.documentElement.dataset.ready = "true"));
