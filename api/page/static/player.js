/* The player: the master with its outline, and sections to click. */

import { get, place, song } from "./api.js";
import { drawOutline, keepDrawn } from "./canvas.js";
import { by, clock, h } from "./dom.js";
import { MasterSource, Transport } from "./transport.js";

/* Sources in the order in which a browser should try them; the element takes the first that it knows. */
export function giveSources(element, files) {
  element.replaceChildren(...files.map((file) => h("source", { src: place(file.href), type: file.media_type })));
  element.load();
}

export async function openPlayer(sound) {
  const audio = by("audio");
  giveSources(audio, sound.master);
  const transport = new Transport(new MasterSource(audio), sound.duration_s);
  audio.addEventListener("ended", () => transport.tell());
  audio.addEventListener("play", () => transport.step());
  const outline = await get(place("waveform/", { version: song.version }));
  const canvas = by("wave");
  let share = 0;
  const draw = keepDrawn(canvas, () => drawOutline(canvas, outline, share));
  transport.follow((at) => {
    const now = at / sound.duration_s;
    if (Math.abs(now - share) * canvas.clientWidth < 1) return;
    share = now;
    draw();
  });
  return transport;
}

export function showSections(transport, sections) {
  const buttons = sections.map((one) => {
    const button = h("button", { type: "button", title: `${one.label}, from ${clock(one.start_s)}`, onclick: () => transport.seek(one.start_s) },
      h("span", {}, one.label), " ", h("small", {}, clock(one.start_s)));
    button.style.flexGrow = String(Math.max(0.5, one.end_s - one.start_s));
    button.style.setProperty("--energy", String(Math.round(20 + one.energy * 60)) + "%");
    return button;
  });
  by("sections").replaceChildren(...buttons);
  let shown = -1;
  transport.follow((at) => {
    const now = sections.findLastIndex((one) => at >= one.start_s - 0.01);
    if (now === shown) return;
    buttons[shown]?.removeAttribute("aria-current");
    buttons[now]?.setAttribute("aria-current", "true");
    by("where").textContent = sections[now]?.label ?? "";
    shown = now;
  });
}
