/* What is done to a song as a whole: another name, going on, stopping, putting away, excusing a check, sharing. */

import { Problem, ask, pageOf, place, song } from "./api.js";
import { busily, by, complain, h } from "./dom.js";

const dialog = by("plan");

/* Ask in a dialog of the page; answers what was filled in, or null. */
function asked(title, words, { field = null, value = "", yes = "Yes", isDanger = false } = {}) {
  return new Promise((resolve) => {
    const input = field && h("input", { id: "asked", value, maxlength: 200, required: true });
    const form = h("form", { method: "dialog" }, h("h2", { id: "plan-title" }, title), h("p", {}, words),
      field && h("p", {}, h("label", { for: "asked" }, field), " ", input),
      h("p", { class: "actions" }, h("button", { class: isDanger ? "danger" : "primary", value: "yes" }, yes),
        h("button", { type: "button", onclick: () => dialog.close("no") }, "Not now")));
    dialog.replaceChildren(form);
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? (input ? input.value.trim() : "yes") : null), { once: true });
    dialog.showModal();
  });
}

const version = { version: song.version };

const DOINGS = {
  async rename() {
    const title = await asked("Rename", "The name in lists. Files keep the title that they were made with.", { field: "Name", value: by("title").textContent.trim(), yes: "Rename" });
    if (!title) return;
    by("title").textContent = (await ask("PUT", place("title/"), { body: { title } })).data.title;
  },
  async archive() {
    if (!(await asked("Put it away?", "All versions go out of sight. Nothing is lost; you can bring it back.", { yes: "Put it away" }))) return;
    await ask("POST", place("archive/"), { body: {} });
    location.reload();
  },
  async restore() {
    await ask("POST", place("restore/"), { body: {} });
    location.reload();
  },
  async delete() {
    if (!(await asked("Delete this song?", "All its versions and their files go for good.", { yes: "Delete", isDanger: true }))) return;
    await ask("DELETE", place(`/api/v2/compositions/${song.composition}/`));
    location.assign("/");
  },
  async cancel() {
    await ask("POST", place("cancel/"), { body: version });
    location.reload();
  },
  async retry() {
    await ask("POST", place("retry/"), { body: version });
    location.reload();
  },
  async advance() {
    await ask("POST", place("advance/"), { body: { ...version, until: "finalization" } });
    location.reload();
  },
};

/* A problem that has no place of its own on the page. */
function tell(error) {
  if (!(error instanceof Problem)) throw error;
  asked("That did not work", error.words, { yes: "All right" });
}

export function readyActions() {
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => busily(button, DOINGS[button.dataset.do]).catch(tell));
  }
  for (const form of document.querySelectorAll("form.waive")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busily(form.querySelector("button"), async () => {
        await ask("POST", place("waive/"), { body: { ...version, check: form.dataset.check, why: form.elements.why.value } });
        await ask("POST", place("retry/"), { body: version });
        location.reload();
      }).catch(tell);
    });
  }
}

async function drawLinks() {
  const { data } = await ask("GET", place("links/"));
  const now = Date.now();
  const working = data.items.filter((link) => !link.revoked_at && Date.parse(link.expires_at) > now);
  by("links").replaceChildren(...working.map((link) => h("li", {}, `Works until ${new Date(link.expires_at).toLocaleDateString()}`, " ",
    h("button", { type: "button", class: "link", "aria-label": `Revoke the link that works until ${new Date(link.expires_at).toLocaleDateString()}`, onclick: async () => {
      await ask("DELETE", place(`links/${link.id}/`));
      await drawLinks();
    } }, "Revoke"))));
}

const ROLES = { viewer: "look and listen", collaborator: "work on it" };

function drawnMember(member) {
  if (member.role === "owner") return h("li", {}, h("b", {}, member.user), h("span", { class: "soft" }, "owner"));
  const role = h("select", { "aria-label": `What ${member.user} may do` }, Object.entries(ROLES).map(([name, words]) =>
    h("option", { value: name, selected: name === member.role }, words)));
  role.addEventListener("change", () => letIn(member.user, role.value).catch(tell));
  const leave = h("button", { type: "button", class: "link", "aria-label": `Let ${member.user} in no more` }, "Remove");
  leave.addEventListener("click", () => busily(leave, async () => {
    await ask("DELETE", place(`members/${encodeURIComponent(member.user)}/`));
    await drawMembers();
  }).catch(tell));
  return h("li", {}, h("b", {}, member.user), role, leave);
}

async function drawMembers() {
  const { data } = await ask("GET", place("members/"));
  by("members").replaceChildren(...data.items.map(drawnMember));
}

async function letIn(user, role) {
  await ask("PUT", place(`members/${encodeURIComponent(user)}/`), { body: { role } });
  await drawMembers();
}

function readyMembers() {
  const form = by("let-in");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    complain(by("let-in-problem"), null);
    busily(form.querySelector("button"), async () => {
      await letIn(by("member").value.trim(), by("role").value);
      form.reset();
    }).catch((error) => {
      if (!(error instanceof Problem)) throw error;
      complain(by("let-in-problem"), error);
    });
  });
  drawMembers().catch((error) => complain(by("let-in-problem"), error));
}

export function readySharing() {
  readyMembers();
  const form = by("make-link");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busily(form.querySelector("button"), async () => {
      const { data } = await ask("POST", place("links/"), { body: { days: Number(by("days").value) } });
      by("new-link").hidden = false;
      const shown = pageOf(song.composition, song.version);
      by("link-text").value = `${location.origin}${shown}&share=${encodeURIComponent(data.token)}`;
      by("link-text").select();
      await drawLinks();
    }).catch(tell);
  });
  drawLinks().catch(() => complain(by("links"), null));
}
