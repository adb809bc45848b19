/* Asking the API as any program would: problems become errors, sessions show their token, share links go along. */

const text = document.getElementById("song")?.textContent;
export const song = text ? JSON.parse(text) : null;
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

export class Problem extends Error {
  constructor(told, status) {
    super(told.detail || told.title || `The server answered ${status}.`);
    this.told = told;
    this.status = status;
  }

  /* What to say to a person. */
  get words() {
    return [this.message, this.told.way_out].filter(Boolean).join(" ");
  }
}

/* An address of the API for the song of this page, with the share link's token where there is one. */
export function place(path, query = {}) {
  const base = path.startsWith("/api/") ? path : `/api/v2/compositions/${encodeURIComponent(song.composition)}/${path}`;
  const [bare, given = ""] = base.split("?");
  const asked = new URLSearchParams(given);
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined) asked.set(name, value);
  if (song?.share) asked.set("share", song.share);
  const tail = asked.toString();
  return tail ? `${bare}?${tail}` : bare;
}

/* One request. Answers {status, data, etag}; throws a Problem for anything that is refused. */
export async function ask(method, address, { body, file, etag, key } = {}) {
  const headers = {};
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (etag) headers["If-None-Match"] = etag;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (file !== undefined) headers["Content-Type"] = "application/octet-stream";
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: file ?? (body === undefined ? undefined : JSON.stringify(body)) });
  } catch {
    throw new Problem({ detail: "The server does not answer.", way_out: "Is it still running?" }, 0);
  }
  if (answer.status === 304) return { status: 304, data: null, etag };
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const data = isJson ? await answer.json() : null;
  if (!answer.ok) throw new Problem(data ?? {}, answer.status);
  return { status: answer.status, data, etag: answer.headers.get("ETag") };
}

export const get = async (address) => (await ask("GET", address)).data;

/* A key under which asking again is the same request. */
export function newKey() {
  return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint32Array(4)), (one) => one.toString(16)).join("-");
}

/* The page of a version. */
export function pageOf(composition, version) {
  const asked = new URLSearchParams();
  if (version) asked.set("version", version);
  if (song?.share) asked.set("share", song.share);
  const tail = asked.toString();
  return `/songs/${encodeURIComponent(composition)}${tail ? `?${tail}` : ""}`;
}
