/*
 * <shift-video>: show the poster and the renditions of a video as soon as workers have made them.
 *
 * {% video … refresh=True %} renders the element around a <video> that is not ready. It asks the
 * URL in its attribute "state-url", less often the longer it takes, and fires "shift-video-state"
 * with each answer. A video that somebody is watching is not interrupted.
 */

const FIRST_DELAY = 2000; // milliseconds
const LONGEST_DELAY = 30000;
const GROWTH = 1.3;
const FINAL = ["ready", "failed"];
const GONE = [403, 404];

class ShiftVideo extends HTMLElement {
    connectedCallback() {
        this.delay = FIRST_DELAY;
        this.wait();
    }

    disconnectedCallback() {
        clearTimeout(this.timer);
    }

    wait() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), this.delay);
        this.delay = Math.min(this.delay * GROWTH, LONGEST_DELAY);
    }

    async ask() {
        const answer = await this.fetchState();
        if (!this.isConnected || answer === undefined) {
            return; // removed meanwhile, or the row is gone
        }
        if (answer) {
            this.show(answer);
        }
        if (!FINAL.includes(answer?.state)) {
            this.wait();
        }
    }

    /* Return the state; null if it cannot be had now, undefined if it never will be. */
    async fetchState() {
        try {
            const response = await fetch(this.getAttribute("state-url"));
            if (response.ok) {
                return await response.json();
            }
            return GONE.includes(response.status) ? undefined : null;
        } catch {
            return null; // offline
        }
    }

    show(answer) {
        this.dataset.state = answer.state;
        this.dataset.percent = answer.percent;
        this.showProgress(answer);
        this.showPoster(answer.poster);
        this.showSources(answer.sources);
        this.dispatchEvent(new CustomEvent("shift-video-state", { detail: answer, bubbles: true }));
    }

    showProgress({ state, percent }) {
        const progress = this.querySelector("progress");
        if (progress) {
            progress.value = percent;
            progress.hidden = FINAL.includes(state);
        }
    }

    /* Set the poster once it is there: a browser does not ask again for one that was missing. */
    showPoster(url) {
        if (url && url !== this.poster) {
            this.poster = url;
            this.video.removeAttribute("poster");
            this.video.poster = url;
        }
    }

    showSources(sources) {
        const old = [...this.video.querySelectorAll("source")];
        const shown = old.map((each) => each.getAttribute("src")).join();
        if (!sources.length || shown === sources.map((each) => each.url).join()) {
            return;
        }
        if (this.isWatched) {
            this.showAtEnd(sources);
            return;
        }
        old.forEach((each) => each.remove());
        this.video.prepend(...sources.map(source));
        this.video.load(); // which also starts it again, with autoplay
    }

    showAtEnd(sources) {
        const isWaiting = Boolean(this.latest);
        this.latest = sources;
        if (!isWaiting) {
            const show = () => {
                const { latest } = this;
                this.latest = null;
                this.showSources(latest);
            };
            this.video.addEventListener("ended", show, { once: true });
        }
    }

    get video() {
        return this.querySelector("video");
    }

    get isWatched() {
        const { paused, ended, currentTime, loop } = this.video;
        return !loop && !ended && (!paused || currentTime > 0);
    }
}

function source({ url, type, media }) {
    const element = document.createElement("source");
    element.src = url;
    element.type = type;
    if (media) {
        element.media = media;
    }
    return element;
}

customElements.define("shift-video", ShiftVideo);
