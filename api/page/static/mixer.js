/* The mixer: every stem with mute, solo and level, played together; and what was moved as edits of a revision. */

import { place, song } from "./api.js";
import { ROLE_COLOURS } from "./canvas.js";
import { busily, by, h, say, signed } from "./dom.js";

const gainOf = (db) => 10 ** (db / 20);
const MEMORY_BYTES = 400e6;
const MOVE_S = 0.02;

/* Stems in step with each other, as a source for the transport. */
class StemSource {
  constructor(context, strips, makeup) {
    this.context = context;
    this.strips = strips;
    this.bus = context.createGain();
    this.makeup = makeup;
    this.bus.connect(context.destination);
    this.volume = 1;
    this.offset = 0;
    this.began = 0;
    this.isPlaying = false;
    for (const strip of strips) {
      strip.gain = context.createGain();
      strip.gain.connect(this.bus);
    }
  }

  set volume(value) {
    this.bus.gain.value = value * this.makeup;
  }

  get length() {
    return Math.max(...this.strips.map((strip) => strip.buffer.duration));
  }

  get at() {
    return this.isPlaying ? Math.min(this.length, this.offset + this.context.currentTime - this.began) : this.offset;
  }

  async play() {
    await this.context.resume();
    this.began = this.context.currentTime + 0.03;
    for (const strip of this.strips) {
      strip.node = this.context.createBufferSource();
      strip.node.buffer = strip.buffer;
      strip.node.connect(strip.gain);
      strip.node.start(this.began, this.offset);
    }
    this.strips[0].node.onended = () => {
      if (this.isPlaying && this.at >= this.length - 0.05) this.pause();
    };
    this.isPlaying = true;
  }

  pause() {
    if (!this.isPlaying) return;
    this.offset = Math.max(0, this.at);
    this.isPlaying = false;
    for (const strip of this.strips) strip.node.stop();
  }

  seek(seconds) {
    const wasPlaying = this.isPlaying;
    this.pause();
    this.offset = seconds;
    if (wasPlaying) this.play();
  }
}

async function loaded(sound, told) {
  const bytes = sound.stems.length * sound.duration_s * 48000 * 8;
  const rate = [48000, 32000, 24000, 16000].find((one) => (bytes * one) / 48000 < MEMORY_BYTES) ?? 16000;
  const context = new AudioContext({ sampleRate: rate });
  let done = 0;
  const strips = await Promise.all(sound.stems.map(async (stem) => {
    const answer = await fetch(place(stem.href));
    if (!answer.ok) throw new Error(`The stem ${stem.label} could not be loaded.`);
    const buffer = await context.decodeAudioData(await answer.arrayBuffer());
    told(++done);
    return { stem, buffer, db: 0, isMuted: stem.is_muted, isSolo: false };
  }));
  return [context, strips];
}

/* What is heard of a strip now. */
function level(strip, strips) {
  const isAlone = strips.some((one) => one.isSolo);
  return strip.isMuted || (isAlone && !strip.isSolo) ? 0 : gainOf(strip.db + strip.stem.gain_db);
}

function apply(source) {
  const now = source.context.currentTime;
  for (const strip of source.strips) strip.gain.gain.setTargetAtTime(level(strip, source.strips), now, MOVE_S);
}

function row(strip, changed) {
  const { stem } = strip;
  const id = `level-${stem.track}`;
  const press = (name, label, title) => {
    const button = h("button", { type: "button", class: `press ${label.toLowerCase()}`, "aria-pressed": strip[name], "aria-label": `${title} ${stem.label}`, title,
      onclick: () => {
        strip[name] = !strip[name];
        button.setAttribute("aria-pressed", strip[name]);
        changed();
      } }, label);
    return button;
  };
  const value = h("output", { for: id }, "0.0 dB");
  const slider = h("input", { id, type: "range", min: -24, max: 9, step: 0.5, value: strip.db, "aria-label": `Level of ${stem.label}`,
    oninput: () => {
      strip.db = Number(slider.value);
      value.textContent = `${signed(strip.db)} dB`;
      slider.setAttribute("aria-valuetext", value.textContent);
      changed();
    } });
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = ROLE_COLOURS[stem.role];
  return h("div", { class: "strip", "data-track": stem.track }, swatch,
    h("span", { class: "name" }, stem.label, h("small", {}, stem.instrument.toLowerCase() === stem.label.toLowerCase() ? "" : stem.instrument)),
    press("isMuted", "M", "Mute"), press("isSolo", "S", "Solo"), slider, value);
}

/* Faders that were moved, as the API takes them. Solo is for listening only. */
function edits(strips) {
  return strips.filter((strip) => strip.db !== 0 || strip.isMuted !== strip.stem.is_muted).map((strip) => ({
    track: strip.stem.track,
    ...(strip.db !== 0 && { gain_db: Math.round((strip.stem.hand_gain_db + strip.db) * 10) / 10 }),
    ...(strip.isMuted !== strip.stem.is_muted && { is_muted: strip.isMuted }),
  }));
}

export function readyMixer(sound, transport, plan) {
  const opener = by("open-mixer");
  const master = transport.source;
  let source = null;
  const changed = () => {
    apply(source);
    const button = by("mix-revision");
    if (button) button.disabled = !edits(source.strips).length;
  };
  const draw = () => {
    by("strips").replaceChildren(...source.strips.map((strip) => row(strip, changed)));
    changed();
  };
  const open = async () => {
    if (!source) {
      const hint = by("mixer-hint");
      const told = (done) => (hint.textContent = `Loading ${done} of ${sound.stems.length} stems…`);
      told(0);
      const [context, strips] = await loaded(sound, told);
      source = new StemSource(context, strips, gainOf(sound.mix_gain_db));
      hint.textContent = "You hear the stems, before mastering. Solo is for listening; levels and mutes can become a new version.";
      draw();
    }
    by("strips").hidden = by("mixer-go").hidden = false;
    opener.hidden = true;
    await transport.change(source);
    say("The stems are open.");
  };
  opener.addEventListener("click", () => busily(opener, open).catch((error) => (by("mixer-hint").textContent = error.message)));
  by("mix-close").addEventListener("click", async () => {
    by("strips").hidden = by("mixer-go").hidden = true;
    opener.hidden = false;
    await transport.change(master);
  });
  by("mix-reset").addEventListener("click", () => {
    for (const strip of source.strips) Object.assign(strip, { db: 0, isMuted: strip.stem.is_muted, isSolo: false });
    draw();
  });
  by("mix-revision")?.addEventListener("click", () => plan({ edits: edits(source.strips), version: song.version }));
}
