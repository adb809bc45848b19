/* Elements made and found. Text is always text: nothing that was sent is ever taken for markup. */

export const by = (id) => document.getElementById(id);

/* An element with attributes, listeners ("onclick") and children; what is null or false is left out. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/* Say it to whoever cannot see it. */
export function say(words) {
  const place = by("said");
  if (place) place.textContent = words;
}

/* Show a problem in its place, or take it away. */
export function complain(place, error) {
  place.hidden = !error;
  place.textContent = error ? (error.words ?? String(error.message ?? error)) : "";
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/* Seconds as people say a waiting time. */
export function about(seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  return `about ${Math.round(seconds / 60)} min`;
}

export function signed(value, digits = 1) {
  const size = Math.abs(value).toFixed(digits);
  return `${Number(size) === 0 ? "" : value > 0 ? "+" : "−"}${size}`;
}

export const minus = (text) => String(text).replace(/(?<![\w.-])-(?=\d)/g, "−");
export const plain = (name) => String(name).replaceAll("_", " ");

const UNITS = { _db: " (dB)", _bpm: " (BPM)", _s: " (s)", _lufs: " (LUFS)", _dbtp: " (dBTP)", _hz: " (Hz)" };

/* A context path as people say it: "musical.tempo_bpm" is "tempo (BPM)", "edits.tracks.bass.gain_db" "bass, gain (dB)". */
export function decision(path) {
  const short = path.replace(/^(musical|technical|creative|ai_decisions\.generation|edits\.tracks|edits\.mix|edits)\./, "");
  const unit = Object.keys(UNITS).find((ending) => short.endsWith(ending)) ?? "";
  const name = unit ? short.slice(0, -unit.length) : short;
  return plain(name.replace(/\bis_/g, "").replaceAll(".", ", ")) + (UNITS[unit] ?? "");
}

const MEASURES = { integrated_lufs: "loudness", key: "key", true_peak_dbtp: "true peak" };

/* A measure as people say it; its unit stands beside its number. */
export const measure = (name) => MEASURES[name] ?? plain(name.replace(/_(db|dbtp|lufs|lu|bpm|hz|s|percent)$/, ""));

/* While work is under way its button can not be pressed twice. */
export async function busily(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}
