/* The written song: a piano roll, and words that light up as they are sung. */

import { ROLE_COLOURS, colour, keepDrawn, sharp } from "./canvas.js";
import { by, clock, h } from "./dom.js";

const PX_A_SECOND = 26;
const ROLL_PX = 260;
const DRUMS_PX = 46;

export function showRoll(transport, score) {
  const canvas = by("roll");
  const scroller = canvas.parentElement;
  const parts = score.parts.filter((part) => part.notes.length);
  const pitched = parts.filter((part) => !part.is_drums);
  const pitches = pitched.flatMap((part) => part.notes.map((note) => note[2]));
  const [low, high] = [Math.min(...pitches, 60) - 2, Math.max(...pitches, 60) + 2];
  const width = () => Math.max(scroller.clientWidth - 2, Math.round(score.duration_s * PX_A_SECOND));
  canvas.setAttribute("aria-label", `Every note of ${parts.length} parts over ${clock(score.duration_s)}`);
  const draw = () => drawRoll(canvas, score, parts, low, high, width());
  canvas.style.height = `${ROLL_PX}px`;
  canvas.style.width = `${width()}px`;
  const head = h("div", { class: "playhead" });
  scroller.append(head);
  keepDrawn(scroller, () => {
    canvas.style.width = `${width()}px`;
    draw();
  });
  canvas.addEventListener("click", (event) => transport?.seek((event.offsetX / canvas.clientWidth) * score.duration_s));
  transport?.follow((at, isPlaying) => {
    const x = (at / score.duration_s) * canvas.clientWidth;
    head.style.transform = `translateX(${x}px)`;
    if (isPlaying && (x < scroller.scrollLeft || x > scroller.scrollLeft + scroller.clientWidth * 0.85)) {
      scroller.scrollLeft = x - scroller.clientWidth * 0.15;
    }
  });
  by("roll-legend").replaceChildren(...parts.map((part) => {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = ROLE_COLOURS[part.role];
    return h("li", {}, swatch, part.label);
  }));
}

function drawRoll(canvas, score, parts, low, high, width) {
  const context = sharp(canvas, width, ROLL_PX);
  const tall = ROLL_PX - DRUMS_PX - 18;
  const x = (seconds) => (seconds / score.duration_s) * width;
  context.font = "11px system-ui, sans-serif";
  for (const one of score.sections) {
    context.fillStyle = colour("line");
    context.fillRect(Math.round(x(one.start_s)), 0, 1, ROLL_PX);
    context.fillStyle = colour("soft");
    context.fillText(one.label, x(one.start_s) + 5, 12);
  }
  const row = tall / (high - low);
  for (const part of parts) {
    context.fillStyle = ROLE_COLOURS[part.role];
    for (const [start, length, pitch, velocity] of part.notes) {
      context.globalAlpha = (part.role === "pad" ? 0.4 : 0.55) + (velocity / 127) * 0.4;
      if (part.is_drums) {
        context.fillRect(x(start), ROLL_PX - DRUMS_PX + ((pitch * 7) % 6) * 7 + 2, 2, 5);
      } else {
        context.fillRect(x(start), 18 + (high - pitch) * row, Math.max(1.5, x(length) - 0.5), Math.max(2, row - 0.5));
      }
    }
  }
  context.globalAlpha = 1;
}

/* Lines as buttons that lead to where they are sung; the word that is sung now is marked. */
export function showWords(transport, lines) {
  if (!lines.length) return;
  by("lyrics-card").hidden = false;
  const box = by("lines");
  let section = "";
  const rows = [];
  for (const line of lines) {
    if (line.section !== section) {
      section = line.section;
      box.append(h("h3", {}, section.replaceAll("_", " ")));
    }
    const words = line.words.length ? line.words.map(([at, word]) => ({ at, mark: h("span", {}, word) })) : [{ at: line.start_s, mark: h("span", {}, line.text) }];
    const button = h("button", { type: "button", class: "line", onclick: () => transport?.seek(line.start_s) }, words.flatMap((one) => [one.mark, " "]));
    box.append(button);
    rows.push({ line, words, button });
  }
  transport?.follow((at, isPlaying) => mark(box, rows, at, isPlaying));
}

function mark(box, rows, at, isPlaying) {
  for (const { line, words, button } of rows) {
    const isNow = at >= line.start_s - 0.05 && at < line.end_s;
    if (isNow && !button.hasAttribute("aria-current")) {
      button.setAttribute("aria-current", "true");
      if (isPlaying) box.scrollTop = button.offsetTop - box.clientHeight / 2;
    } else if (!isNow) button.removeAttribute("aria-current");
    for (const one of words) one.mark.classList.toggle("sung", isNow && at >= one.at - 0.02);
  }
}
