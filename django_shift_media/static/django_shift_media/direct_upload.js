/*
 * The widget DirectMediaInput: send the chosen file straight to the storage, in parts.
 *
 * Without this script, the form sends the file. With it, the form sends the value that the app gives
 * for the complete upload; if the upload fails, the form sends the file again.
 */

const PARALLEL_PARTS = 3;
const URLS_AT_ONCE = 20; // they are valid for minutes, so not all at the beginning
const ATTEMPTS = 8; // with these waits, about two minutes
const FIRST_WAIT = 500; // milliseconds, doubled by each attempt
const LONGEST_WAIT = 30_000;
const RATE_WINDOW = 5_000; // milliseconds
const REMEMBERED = 86_400_000; // milliseconds
const DATABASE = "shift-media-uploads";
const STORE = "uploads";

class Failure extends Error {
    constructor(status, code = "", message = "") {
        super(message);
        Object.assign(this, { status, code });
    }

    get isTemporary() {
        return this.status === 0 || [408, 429].includes(this.status) || this.status >= 500;
    }
}

/* Wait, but not longer than until the browser is online again. */
function wait(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        const finish = (end) => () => {
            clearTimeout(timer);
            removeEventListener("online", resolved);
            end(signal.reason);
        };
        const resolved = finish(resolve);
        const timer = setTimeout(resolved, milliseconds);
        addEventListener("online", resolved);
        signal.addEventListener("abort", finish(reject), { once: true });
    });
}

/* Send a part; only XMLHttpRequest reports how much has been sent. */
function put(url, blob, signal, report) {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        const abort = () => request.abort();
        // S3 responds with 400, RequestTimeout, to a connection that has been silent.
        const fail = () => reject(new Failure(request.status === 400 ? 408 : request.status));
        request.open("PUT", url);
        request.upload.onprogress = (event) => report(event.loaded);
        request.onload = () => (request.status === 200 ? resolve() : fail());
        request.onerror = fail;
        request.onabort = () => reject(signal.reason);
        request.onloadend = () => signal.removeEventListener("abort", abort);
        signal.addEventListener("abort", abort);
        request.send(blob);
    });
}

/* The uploads that were interrupted, in IndexedDB; without it, none is continued after a reload. */
const memory = {
    async run(mode, action) {
        try {
            const database = await finished(indexedDB.open(DATABASE, 1), (request) => {
                request.onupgradeneeded = () => request.result.createObjectStore(STORE);
            });
            const result = await finished(
                action(database.transaction(STORE, mode).objectStore(STORE)),
            );
            database.close();
            return result;
        } catch {
            return undefined;
        }
    },
    get: (key) => memory.run("readonly", (store) => store.get(key)),
    all: () => memory.run("readonly", (store) => store.getAll()),
    set: (key, value) => memory.run("readwrite", (store) => store.put(value, key)),
    delete: (key) => memory.run("readwrite", (store) => store.delete(key)),
};

function finished(request, prepare) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
        prepare?.(request);
    });
}

/* One file on its way: run() until it is complete, pause(), and run() again. */
class Transfer {
    constructor(file, { token, label, post, report }) {
        Object.assign(this, { file, token, post, report });
        this.key = [label, file.name, file.size, file.lastModified].join("|");
        this.label = label;
        this.urls = new Map();
        this.loaded = new Map(); // bytes by the number of the part
        this.samples = [];
    }

    get sent() {
        return [...this.loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
    }

    /* Bytes for each millisecond, of the last seconds. */
    get rate() {
        const [first, last] = [this.samples[0], this.samples.at(-1)];
        return last?.time > first?.time ? (last.sent - first.sent) / (last.time - first.time) : 0;
    }

    pause() {
        this.controller?.abort(new DOMException("paused", "AbortError"));
    }

    async cancel() {
        this.pause();
        await memory.delete(this.key);
        if (this.upload) {
            await this.post("abort/", { upload: this.upload }).catch(() => {});
        }
    }

    /* Send what is missing, and return the response to its completion. */
    async run() {
        this.controller = new AbortController();
        await this.open();
        for (let rounds = 0; ; rounds += 1) {
            await this.sendMissing();
            this.report("checking");
            try {
                const result = await this.call("complete/", { upload: this.upload });
                await memory.delete(this.key);
                this.upload = undefined;
                return result;
            } catch (error) {
                if (error.code !== "incomplete" || rounds === 2) {
                    throw error;
                }
                await this.readStatus();
            }
        }
    }

    async open() {
        this.upload ??= (await memory.get(this.key))?.upload;
        if (this.upload) {
            try {
                return await this.readStatus();
            } catch (error) {
                if (![403, 404].includes(error.status)) {
                    throw error;
                }
                await memory.delete(this.key); // it is over, or of another user
            }
        }
        const { name, size, type } = this.file;
        const begun = await this.call("", { token: this.token, name, size, type });
        this.upload = begun.upload;
        this.partSize = begun.part_size;
        this.present = new Set();
        const { label, key, upload } = this;
        await memory.set(this.key, { label, key, upload, name, time: Date.now() });
    }

    async readStatus() {
        const status = await this.call("status/", { upload: this.upload });
        this.partSize = status.part_size;
        this.present = new Set(Object.keys(status.parts).map(Number));
        this.loaded = new Map(
            Object.entries(status.parts).map(([number, size]) => [Number(number), size]),
        );
    }

    async sendMissing() {
        const count = Math.max(1, Math.ceil(this.file.size / this.partSize));
        this.queue = Array.from({ length: count }, (_, index) => index + 1).filter(
            (number) => !this.present.has(number),
        );
        const workers = Array.from({ length: PARALLEL_PARTS }, () => this.work());
        try {
            await Promise.all(workers);
        } catch (error) {
            this.controller.abort(error); // the other parts
            await Promise.allSettled(workers);
            throw error;
        }
    }

    async work() {
        while (this.queue.length) {
            const number = this.queue.shift();
            const start = (number - 1) * this.partSize;
            const blob = this.file.slice(start, start + this.partSize);
            await this.retry(() => this.sendPart(number, blob));
            this.present.add(number);
            this.note(number, blob.size);
        }
    }

    async sendPart(number, blob) {
        const url = await this.urlOf(number);
        try {
            await put(url, blob, this.controller.signal, (bytes) => this.note(number, bytes));
        } catch (error) {
            this.note(number, 0);
            this.urls.clear(); // they may have expired
            if (error instanceof Failure) {
                await this.checkFile(blob);
                if (error.status === 403 && !this.isRefused) {
                    this.isRefused = true; // once, with another URL
                    return this.sendPart(number, blob);
                }
            }
            throw error;
        }
        this.isRefused = false;
    }

    /* Browsers refuse to read a file that has changed, which looks like a network error. */
    async checkFile(blob) {
        try {
            await blob.slice(0, 1).arrayBuffer();
        } catch {
            throw new Failure(-1, "changed");
        }
    }

    async urlOf(number) {
        if (!this.urls.has(number)) {
            const numbers = [number, ...this.queue.slice(0, URLS_AT_ONCE - 1)];
            const { urls } = await this.request("parts/", { upload: this.upload, numbers });
            Object.entries(urls).forEach(([key, url]) => this.urls.set(Number(key), url));
        }
        const url = this.urls.get(number);
        this.urls.delete(number);
        return url;
    }

    note(number, bytes) {
        this.loaded.set(number, bytes);
        const time = performance.now();
        this.samples.push({ time, sent: this.sent });
        this.samples = this.samples.filter((sample) => time - sample.time < RATE_WINDOW);
        this.report("uploading");
    }

    request(step, values) {
        return this.post(step, values, this.controller.signal);
    }

    call(step, values) {
        return this.retry(() => this.request(step, values));
    }

    async retry(action) {
        const { signal } = this.controller;
        for (let attempt = 1; ; attempt += 1) {
            try {
                return await action();
            } catch (error) {
                if (signal.aborted || !error.isTemporary || attempt === ATTEMPTS) {
                    throw signal.aborted ? signal.reason : error;
                }
                this.samples = [];
                this.report("waiting");
                const longest = Math.min(FIRST_WAIT * 2 ** attempt, LONGEST_WAIT);
                await wait(longest * (0.5 + Math.random() / 2), signal);
            }
        }
    }
}

/* The uploads of a form: its submission waits for them, and so does leaving the page. */
class FormUploads {
    static of = new WeakMap();

    static add(form, element) {
        if (!this.of.has(form)) {
            this.of.set(form, new FormUploads(form));
        }
        this.of.get(form).elements.add(element);
    }

    constructor(form) {
        this.form = form;
        this.elements = new Set();
        form.addEventListener("submit", (event) => this.onSubmit(event), { capture: true });
        form.addEventListener("formdata", ({ formData }) => {
            this.active.forEach((element) => element.replaceFile(formData));
        });
        addEventListener("beforeunload", (event) => {
            if (this.active.some((element) => element.isBusy)) {
                event.preventDefault();
            }
        });
    }

    get active() {
        return [...this.elements].filter((element) => element.isConnected);
    }

    async onSubmit(event) {
        const busy = this.active.filter((element) => element.isBusy);
        if (!busy.length) {
            return;
        }
        event.preventDefault();
        event.stopImmediatePropagation();
        if (this.isWaiting) {
            return;
        }
        this.isWaiting = true;
        const results = await Promise.all(busy.map((element) => element.finish()));
        this.isWaiting = false;
        if (results.every(Boolean)) {
            this.form.requestSubmit(event.submitter);
        } else {
            busy[results.indexOf(false)].input.focus();
        }
    }
}

class DirectUpload extends HTMLElement {
    connectedCallback() {
        if (this.input) {
            return; // the element was moved in the document
        }
        this.input = this.querySelector("input[type=file]");
        this.hidden_ = this.querySelector("input[type=hidden]");
        const part = (name) => this.querySelector(`.shift-media-upload-${name}`);
        this.parts = Object.fromEntries(
            ["kept", "progress", "pause", "resume", "cancel", "remove", "text", "status", "error"].map(
                (name) => [name, part(name)],
            ),
        );
        this.bar = this.querySelector("progress");
        this.input.addEventListener("change", () => this.onChange());
        this.parts.pause.addEventListener("click", () => this.transfer?.pause());
        this.parts.resume.addEventListener("click", () => this.start());
        this.parts.cancel.addEventListener("click", () => this.cancel());
        this.parts.remove?.addEventListener("click", () => this.forgetKept());
        this.listenToDrops();
        if (this.input.form) {
            FormUploads.add(this.input.form, this);
        }
        if (this.input.files.length && !this.hidden_.value) {
            this.onChange(); // some browsers keep the chosen file when a page is reloaded
        } else {
            this.showInterrupted();
        }
    }

    get isBusy() {
        return Boolean(this.running) || this.state === "paused";
    }

    /* Leave the file out of the form if the app has it. */
    replaceFile(formData) {
        if (this.hidden_.value) {
            formData.delete(this.input.name);
        }
    }

    /* Resolve to whether the upload is complete. */
    finish() {
        return this.running ?? this.start();
    }

    // -- choosing a file --------------------------------------------------------------------

    listenToDrops() {
        this.addEventListener("dragover", (event) => {
            if (event.dataTransfer.types.includes("Files") && !this.input.disabled) {
                event.preventDefault();
                this.classList.add("shift-media-upload-over");
            }
        });
        this.addEventListener("dragleave", () => this.classList.remove("shift-media-upload-over"));
        this.addEventListener("drop", (event) => {
            this.classList.remove("shift-media-upload-over");
            this.take(event, event.dataTransfer.files);
        });
        this.addEventListener("paste", (event) => this.take(event, event.clipboardData.files));
    }

    take(event, files) {
        if (files.length && !this.input.disabled) {
            event.preventDefault();
            const chosen = new DataTransfer();
            chosen.items.add(files[0]);
            this.input.files = chosen.files;
            this.input.dispatchEvent(new Event("change", { bubbles: true }));
        }
    }

    async onChange() {
        const [file] = this.input.files;
        this.transfer?.cancel();
        this.transfer = undefined;
        this.forgetKept();
        this.showError("");
        this.show("idle");
        if (file) {
            this.transfer = new Transfer(file, {
                token: this.dataset.token,
                label: this.dataset.label,
                post: (step, values, signal) => this.post(step, values, signal),
                report: (state) => this.show(state),
            });
            await this.start();
        }
    }

    forgetKept() {
        this.hidden_.value = "";
        this.parts.kept?.remove();
    }

    async cancel() {
        this.input.value = "";
        this.input.dispatchEvent(new Event("change", { bubbles: true }));
        this.input.focus(); // the button is hidden now
    }

    // -- uploading --------------------------------------------------------------------------

    /* Run the transfer; resolve to whether it is complete. */
    start() {
        const { transfer } = this;
        this.showError("");
        this.show("uploading");
        this.running = transfer
            .run()
            .then(
                (result) => this.onComplete(transfer, result),
                (error) => this.onFailure(transfer, error),
            )
            .finally(() => {
                if (this.transfer === transfer || !this.transfer) {
                    this.running = undefined;
                }
            });
        return this.running;
    }

    onComplete(transfer, result) {
        if (this.transfer === transfer) {
            this.running = undefined;
            this.hidden_.value = result.value;
            this.show("done");
        }
        return true;
    }

    onFailure(transfer, error) {
        if (this.transfer !== transfer) {
            return false; // another file was chosen
        }
        this.running = undefined;
        if (error.name === "AbortError") {
            this.show("paused");
            return false;
        }
        this.show("failed");
        if (error.code === "refused" || error.code === "changed") {
            this.transfer = undefined;
            this.show("idle");
            this.showError(error.message || this.dataset.textChanged);
            this.input.setCustomValidity(error.message || this.dataset.textChanged);
        } else {
            this.showError(this.dataset.textFailed);
        }
        return false;
    }

    async post(step, values, signal) {
        const form = this.input.form;
        const headers = {
            "Content-Type": "application/json",
            "X-CSRFToken": form?.elements.csrfmiddlewaretoken?.value ?? "",
        };
        const body = JSON.stringify(values);
        let response;
        try {
            const url = this.dataset.url + step;
            response = await fetch(url, { method: "POST", headers, body, signal });
        } catch (error) {
            throw signal?.aborted ? signal.reason : new Failure(0, "", error.message);
        }
        const result = await response.json().catch(() => ({}));
        if (!response.ok) {
            throw new Failure(response.status, result.code, result.error);
        }
        return result;
    }

    // -- what is shown ----------------------------------------------------------------------

    show(state) {
        const isNew = state !== this.state;
        this.state = state;
        this.parts.progress.hidden = ["idle", "done"].includes(state);
        const canPause = ["uploading", "waiting"].includes(state);
        this.parts.pause.hidden = !canPause;
        this.parts.resume.hidden = !["paused", "failed"].includes(state);
        const { transfer } = this;
        const fraction = transfer ? transfer.sent / (transfer.file.size || 1) : 0;
        this.bar.value = Math.min(fraction, 1);
        this.parts.text.textContent = this.describe(state, fraction);
        const quarter = Math.floor(4 * fraction);
        if (isNew || quarter !== this.quarter) {
            this.quarter = quarter; // screen readers need not read each percent
            this.parts.status.textContent = this.parts.text.textContent;
        }
        const detail = { state, sent: transfer?.sent ?? 0, size: transfer?.file.size ?? 0 };
        this.dispatchEvent(new CustomEvent("shift-media-upload", { detail, bubbles: true }));
    }

    describe(state, fraction) {
        const { rate = 0, sent = 0, file } = this.transfer ?? {};
        const known = rate > 0 ? "uploading" : "beginning";
        const text = this.dataset[textName(state === "uploading" ? known : state)] ?? "";
        return text
            .replace("{percent}", () => formatPercent(fraction))
            .replace("{rate}", () => formatRate(1000 * rate))
            .replace("{time}", () => formatTime((file.size - sent) / rate / 1000));
    }

    showError(message) {
        this.parts.error.textContent = message;
        this.input.setCustomValidity("");
        this.input.toggleAttribute("aria-invalid", Boolean(message));
    }

    async showInterrupted() {
        const entries = (await memory.all()) ?? [];
        for (const { label, key, name, time } of entries) {
            if (Date.now() - time > REMEMBERED) {
                memory.delete(key);
            } else if (label === this.dataset.label && !this.transfer) {
                this.parts.text.textContent = this.dataset.textResumable.replace("{name}", name);
            }
        }
    }
}

const textName = (state) => `text${state[0].toUpperCase()}${state.slice(1)}`;
const language = () => document.documentElement.lang || undefined;

function format(number, unit) {
    const digits = number < 10 && unit === "megabyte" ? 1 : 0;
    const options = { style: "unit", unit, maximumFractionDigits: digits };
    return new Intl.NumberFormat(language(), options).format(number);
}

function formatPercent(fraction) {
    const percent = Math.floor(100 * fraction) / 100;
    return new Intl.NumberFormat(language(), { style: "percent" }).format(percent);
}

function formatRate(bytes) {
    return bytes < 1_000_000 ? format(bytes / 1_000, "kilobyte") : format(bytes / 1e6, "megabyte");
}

function formatTime(seconds) {
    if (seconds < 60) {
        return format(Math.ceil(seconds), "second");
    }
    return seconds < 3600 ? format(seconds / 60, "minute") : format(seconds / 3600, "hour");
}

customElements.define("shift-media-upload", DirectUpload);
