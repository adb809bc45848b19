/* Loudness over time and the spectrum, with their numbers in words beside. */

import { colour, keepDrawn, sharp } from "./canvas.js";
import { by, clock, minus } from "./dom.js";

const HEIGHT = 170;
const LEFT = 34;
const BOTTOM = 20;

function frame(canvas, lines, label) {
  const width = canvas.clientWidth;
  const context = sharp(canvas, width, HEIGHT);
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  for (const [value, y] of lines) {
    context.fillStyle = colour("line");
    context.fillRect(LEFT, Math.round(y), width - LEFT, 1);
    context.fillStyle = colour("soft");
    context.fillText(label(value), LEFT - 5, y + 4);
  }
  context.textAlign = "center";
  return [context, width];
}

export function showLoudness(transport, sound) {
  const canvas = by("loudness");
  const target = sound.target_lufs;
  const heard = sound.loudness.filter(([, lufs]) => lufs > -60);
  const top = Math.max(target, ...heard.map(([, lufs]) => lufs)) + 2;
  const low = Math.min(target - 6, ...heard.map(([, lufs]) => Math.max(lufs, top - 30))) - 1;
  const y = (lufs) => 6 + ((top - Math.max(lufs, low)) / (top - low)) * (HEIGHT - BOTTOM - 10);
  let at = 0;
  const draw = keepDrawn(canvas, () => {
    const ticks = [];
    for (let lufs = Math.ceil(low / 6) * 6; lufs <= top; lufs += 6) ticks.push([lufs, y(lufs)]);
    const [context, width] = frame(canvas, ticks, minus);
    const x = (seconds) => LEFT + (seconds / sound.duration_s) * (width - LEFT);
    context.setLineDash([5, 4]);
    context.strokeStyle = colour("soft");
    context.beginPath();
    context.moveTo(LEFT, y(target));
    context.lineTo(width, y(target));
    context.stroke();
    context.setLineDash([]);
    context.strokeStyle = colour("accent");
    context.lineWidth = 2;
    context.beginPath();
    sound.loudness.forEach(([time, lufs], place) => (place ? context.lineTo(x(time), y(lufs)) : context.moveTo(x(time), y(lufs))));
    context.stroke();
    context.fillStyle = colour("ink");
    context.fillRect(x(at), 0, 1, HEIGHT - BOTTOM);
    context.fillStyle = colour("soft");
    const step = sound.duration_s > 150 ? 60 : sound.duration_s > 60 ? 30 : 10;
    for (let time = 0; time <= sound.duration_s - step / 3; time += step) context.fillText(clock(time), x(time) + (time ? 0 : 10), HEIGHT - 4);
  });
  transport.follow((now) => {
    if (Math.abs(now - at) < sound.duration_s / 500) return;
    at = now;
    draw();
  });
  const peak = sound.true_peak_dbtp === null ? "" : `, true peak ${sound.true_peak_dbtp.toFixed(1)} dBTP`;
  const whole = sound.integrated_lufs === null ? "" : `${sound.integrated_lufs.toFixed(1)} LUFS as a whole${peak}; `;
  by("loudness-text").textContent = minus(`${whole}asked for ${target.toFixed(0)} (dashed).`);
}

export function showSpectrum(sound) {
  const canvas = by("spectrum");
  const bands = sound.spectrum.filter(([hz]) => hz >= 24 && hz <= 17000);
  const top = Math.max(...bands.map(([, db]) => db)) + 3;
  const low = top - 50;
  const y = (db) => 6 + ((top - Math.max(db, low)) / (top - low)) * (HEIGHT - BOTTOM - 10);
  keepDrawn(canvas, () => {
    const ticks = [];
    for (let db = Math.ceil(low / 12) * 12; db <= top; db += 12) ticks.push([db, y(db)]);
    const [context, width] = frame(canvas, ticks, minus);
    const wide = (width - LEFT) / bands.length;
    bands.forEach(([hz, db], place) => {
      context.fillStyle = colour("wave");
      context.fillRect(LEFT + place * wide + 1, y(db), wide - 2, HEIGHT - BOTTOM - 4 - y(db));
      context.fillStyle = colour("soft");
      const shown = { 63: "63", 251: "250", 1000: "1k", 3981: "4k", 15849: "16k" }[Math.round(hz)];
      if (shown) context.fillText(shown, Math.min(LEFT + (place + 0.5) * wide, width - 12), HEIGHT - 4);
    });
  });
  const loudest = bands.reduce((best, one) => (one[1] > best[1] ? one : best));
  by("spectrum-text").textContent = `Level in each third of an octave, in dB; most around ${loudest[0] < 1000 ? `${Math.round(loudest[0])} Hz` : `${(loudest[0] / 1000).toFixed(1)} kHz`}.`;
}
