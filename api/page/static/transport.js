/* Playing: one transport over whatever sounds, the master or its stems, told to all who follow it. */

import { by, clock } from "./dom.js";

/* The master in an audio element. A source has play, pause, seek, at, length, isPlaying, volume. */
export class MasterSource {
  constructor(element) {
    this.element = element;
  }

  get at() {
    return this.element.currentTime;
  }

  get isPlaying() {
    return !this.element.paused && !this.element.ended;
  }

  async play() {
    await this.element.play();
  }

  pause() {
    this.element.pause();
  }

  seek(seconds) {
    this.element.currentTime = seconds;
  }

  set volume(value) {
    this.element.volume = value;
  }
}

export class Transport {
  constructor(source, length) {
    this.source = source;
    this.length = length;
    this.followers = [];
    this.button = by("play");
    this.slider = by("seek");
    this.volume = 1;
    this.button.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek((this.slider.value / 1000) * this.length));
    by("volume")?.addEventListener("input", (event) => {
      this.volume = event.target.value / 100;
      this.source.volume = this.volume;
    });
    document.addEventListener("keydown", (event) => this.pressed(event));
    by("all") && (by("all").textContent = clock(length));
    this.button.disabled = false;
    this.tell();
  }

  /* `told(seconds, isPlaying)` at every step. */
  follow(told) {
    this.followers.push(told);
    told(this.source.at, this.source.isPlaying);
  }

  async toggle() {
    if (this.source.isPlaying) this.source.pause();
    else {
      if (this.source.at >= this.length - 0.05) this.source.seek(0);
      await this.source.play();
    }
    this.step();
  }

  seek(seconds) {
    this.source.seek(Math.min(Math.max(seconds, 0), Math.max(0, this.length - 0.02)));
    this.tell();
  }

  /* Go on with another source at the same place. */
  async change(source) {
    const [at, wasPlaying] = [this.source.at, this.source.isPlaying];
    this.source.pause();
    this.source = source;
    source.volume = this.volume;
    source.seek(at);
    if (wasPlaying) await source.play();
    this.step();
  }

  pressed(event) {
    const isTyping = event.target.closest("input, select, textarea, dialog[open]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && !event.target.closest("button, a, summary")) this.toggle();
    else if (event.key === "ArrowLeft") this.seek(this.source.at - 5);
    else if (event.key === "ArrowRight") this.seek(this.source.at + 5);
    else return;
    event.preventDefault();
  }

  step() {
    this.tell();
    if (this.source.isPlaying) requestAnimationFrame(() => this.step());
  }

  tell() {
    const [at, isPlaying] = [this.source.at, this.source.isPlaying];
    this.button.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    this.button.classList.toggle("is-playing", isPlaying);
    this.slider.value = Math.round((at / this.length) * 1000);
    this.slider.setAttribute("aria-valuetext", `${clock(at)} of ${clock(this.length)}`);
    by("now").textContent = clock(at);
    for (const told of this.followers) told(at, isPlaying);
  }
}
