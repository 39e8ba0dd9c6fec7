/*
 * The widgets DirectMediaInput and MultipleDirectMediaInput: send chosen files straight to the
 * storage, in parts.
 *
 * Without this script, the form sends the file. With it, the form sends the value that the app gives
 * for the complete upload; if the upload fails, the form sends the file again.
 *
 * It is one file, and imports nothing: Django's ManifestStaticFilesStorage replaces the names in
 * imports only with support_js_module_import_aggregation. Without it, a browser could mix modules
 * of two releases, or find none where only files with hashed names are deployed.
 */

const PARALLEL_FILES = 3; // of a page; fewer than SHIFT_MEDIA_UPLOAD_LIMIT
const PARALLEL_PARTS = 3; // of a file
const URLS_AT_ONCE = 20; // they are valid for minutes, so not all at the beginning
const ATTEMPTS = 8; // with these waits, about two minutes
const FIRST_WAIT = 500; // milliseconds, doubled by each attempt
const LONGEST_WAIT = 30_000;
const ROUNDS = 3;
const RATE_WINDOW = 5_000; // milliseconds
const REMEMBERED = 86_400_000; // milliseconds
const DATABASE = "shift-media-uploads";
const STORE = "uploads";
const REMOVE = ".shift-media-upload-remove";

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
        // Some browsers say that they are offline when they are not.
        const timer = setTimeout(resolved, navigator.onLine ? milliseconds : LONGEST_WAIT);
        addEventListener("online", resolved);
        signal.addEventListener("abort", finish(reject), { once: true });
    });
}

/* Return what a promise does, unless the signal comes first. */
function unlessAborted(promise, signal) {
    return new Promise((resolve, reject) => {
        promise.then(resolve, reject);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
}

/* Send a part; only XMLHttpRequest reports how much has been sent. */
function put(url, blob, signal, report) {
    return new Promise((resolve, reject) => {
        signal.throwIfAborted();
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

/* The turns of files: with more files than that, the others wait. */
class Turns {
    waiting = new Set();

    constructor(count) {
        this.count = count;
    }

    get areTaken() {
        return this.count === 0;
    }

    async take(signal) {
        if (!this.areTaken) {
            this.count -= 1;
            return;
        }
        await new Promise((resolve, reject) => {
            this.waiting.add(resolve);
            const leave = () => this.waiting.delete(resolve) && reject(signal.reason);
            signal.addEventListener("abort", leave, { once: true });
        });
    }

    pass() {
        const [next] = this.waiting;
        if (next) {
            this.waiting.delete(next);
            next();
        } else {
            this.count += 1;
        }
    }
}

const turns = new Turns(PARALLEL_FILES);

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
    static keys = new Set(); // of the transfers of this page

    constructor(file, { token, memoryKey, post, report }) {
        Object.assign(this, { file, token, memoryKey, post, report });
        this.key = [memoryKey, file.name, file.size, file.lastModified].join("|");
        this.isFirst = !Transfer.keys.has(this.key); // the same file may be in two fields
        Transfer.keys.add(this.key);
        this.urls = new Map();
        this.loaded = new Map(); // bytes by the number of the part
        this.samples = [];
    }

    get fraction() {
        return Math.min(this.sent / (this.file.size || 1), 1);
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

    /* Stop, and let the app delete what has arrived. */
    async cancel() {
        this.pause();
        await this.forget();
        const upload = this.upload ?? (await this.begun)?.upload;
        if (upload) {
            await this.post("abort/", { upload }).catch(() => {});
        }
    }

    /* Send what is missing, and return the response to its completion. */
    async run() {
        this.controller = new AbortController();
        if (turns.areTaken) {
            this.report("queued");
        }
        await turns.take(this.controller.signal);
        try {
            return await this.sendAll();
        } finally {
            turns.pass();
        }
    }

    async sendAll() {
        for (let attempt = 1; ; attempt += 1) {
            try {
                await this.open();
                await this.sendMissing();
                return await this.complete();
            } catch (error) {
                // Something else has deleted or changed the parts.
                if (!["gone", "incomplete", "expired"].includes(error.code) || attempt === ROUNDS) {
                    throw error;
                }
                this.controller = new AbortController();
            }
        }
    }

    async complete() {
        this.report("checking");
        const result = await this.call("complete/", { upload: this.upload });
        this.upload = undefined;
        this.begun = undefined;
        await this.forget();
        return result;
    }

    /* Begin an upload, or find out what has arrived of the one that was interrupted. */
    async open() {
        this.report("uploading");
        this.upload ??= (await this.begun)?.upload;
        this.upload ??= this.isFirst ? (await memory.get(this.key))?.upload : undefined;
        if (!(this.upload && (await this.readStatus()))) {
            await this.begin();
        }
        await this.remember();
    }

    async begin() {
        const { name, size, type } = this.file;
        const begun = await this.retry(() => {
            // The request is not ended: cancel() has to know what to abort.
            const response = this.post("", { token: this.token, name, size, type });
            this.begun = response.catch(() => undefined);
            return unlessAborted(response, this.controller.signal);
        });
        this.upload = begun.upload;
        this.takeStatus({ ...begun, parts: {} });
    }

    /* Return whether the upload still exists, and belongs to this user. */
    async readStatus() {
        try {
            this.takeStatus(await this.call("status/", { upload: this.upload }));
            return true;
        } catch (error) {
            if (![403, 404].includes(error.status)) {
                throw error;
            }
            this.upload = undefined;
            return false;
        }
    }

    takeStatus({ parts, part_size: partSize }) {
        const sizes = Object.entries(parts).map(([number, size]) => [Number(number), size]);
        this.partSize = partSize;
        this.loaded = new Map(sizes);
        this.present = new Set(this.loaded.keys());
        this.urls.clear();
        this.samples = [];
    }

    async remember() {
        this.controller.signal.throwIfAborted(); // cancel() has forgotten it already
        if (this.isFirst) {
            const { memoryKey, key, upload, file } = this;
            await memory.set(key, { memoryKey, key, upload, name: file.name, time: Date.now() });
        }
    }

    async forget() {
        if (this.isFirst) {
            Transfer.keys.delete(this.key);
            await memory.delete(this.key);
        }
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

    async sendPart(number, blob, { isLast = false } = {}) {
        const url = await this.urlOf(number);
        try {
            await put(url, blob, this.controller.signal, (bytes) => this.note(number, bytes));
        } catch (error) {
            this.note(number, 0);
            this.urls.clear(); // they may have expired
            if (error instanceof Failure) {
                await this.checkFile(blob);
                if (error.status === 403 && !isLast) {
                    return this.sendPart(number, blob, { isLast: true });
                }
            }
            throw error.status === 404 ? new Failure(404, "gone") : error;
        }
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

    /* Try up to ATTEMPTS times; while the browser is offline, they do not count. */
    async retry(action) {
        const { signal } = this.controller;
        for (let attempt = 1; ; attempt += navigator.onLine ? 1 : 0) {
            signal.throwIfAborted(); // cancel() does not know what would begin now
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
        form.addEventListener("formdata", ({ formData }) => this.leaveOut(formData));
        // Browsers reset a form after this event, and tell nobody.
        form.addEventListener("reset", () => this.active.forEach((element) => element.cancel()));
        addEventListener("beforeunload", (event) => {
            if (this.active.some((element) => element.isBusy)) {
                event.preventDefault();
            }
        });
    }

    get active() {
        return [...this.elements].filter((element) => element.isConnected);
    }

    /* Leave files that the storage has out of the form; several fields may share a name. */
    leaveOut(formData) {
        const complete = this.active.filter((element) => element.value);
        for (const name of new Set(complete.map((element) => element.input.name))) {
            formData.delete(name);
            this.active
                .filter((element) => element.input.name === name && !element.value)
                .flatMap((element) => [...element.input.files])
                .forEach((file) => formData.append(name, file));
        }
    }

    onSubmit(event) {
        // The forms of the admin have "novalidate".
        const refused = this.active.find((element) => element.state === "refused");
        const busy = this.active.filter((element) => element.isBusy);
        if (refused || busy.length) {
            event.preventDefault();
            event.stopImmediatePropagation();
        }
        if (refused) {
            refused.input.focus();
        } else if (busy.length && !this.isWaiting) {
            this.submitAfter(busy, event.submitter);
        }
    }

    async submitAfter(busy, submitter) {
        this.isWaiting = true;
        const results = await Promise.all(busy.map((element) => element.finish()));
        this.isWaiting = false;
        if (results.every(Boolean)) {
            this.form.requestSubmit(submitter);
        } else {
            busy[results.indexOf(false)].input.focus();
        }
    }
}

/* Call a function with files that are dropped on an element or pasted into it. */
function listenToFiles(element, take) {
    const isOver = (value) => element.classList.toggle("shift-media-upload-over", value);
    const receive = (event, files) => {
        isOver(false);
        if (files.length && !element.input.disabled) {
            event.preventDefault();
            take(files);
        }
    };
    element.addEventListener("dragover", (event) => {
        if (event.dataTransfer.types.includes("Files") && !element.input.disabled) {
            event.preventDefault();
            isOver(true);
        }
    });
    element.addEventListener("dragleave", (event) => {
        isOver(element.contains(event.relatedTarget));
    });
    element.addEventListener("drop", (event) => receive(event, event.dataTransfer.files));
    element.addEventListener("paste", (event) => receive(event, event.clipboardData.files));
}

function choose(input, file) {
    const chosen = new DataTransfer();
    chosen.items.add(file);
    input.files = chosen.files;
}

class DirectUpload extends HTMLElement {
    static count = 0; // of those with an id for their error

    connectedCallback() {
        if (this.input) {
            return; // the element was moved in the document
        }
        this.findParts();
        this.input.addEventListener("change", () => this.onChange());
        this.parts.pause.addEventListener("click", () => this.transfer?.pause());
        this.parts.resume.addEventListener("click", () => this.start());
        for (const button of [this.parts.cancel, ...this.querySelectorAll(REMOVE)]) {
            button.addEventListener("click", () => this.cancel());
        }
        const isRow = Boolean(this.closest("shift-media-uploads"));
        if (!isRow) {
            listenToFiles(this, ([file]) => {
                choose(this.input, file);
                this.announceChange();
            });
        }
        this.form = this.input.form; // also of a row that was removed
        if (this.form) {
            FormUploads.add(this.form, this);
        }
        if (this.input.files.length && !this.value) {
            this.onChange(); // some browsers keep the chosen file when a page is reloaded
        } else if (!isRow) {
            this.showInterrupted();
        }
    }

    disconnectedCallback() {
        queueMicrotask(() => {
            if (!this.isConnected) {
                this.transfer?.cancel(); // a row that was removed, not only moved
            }
        });
    }

    findParts() {
        this.input = this.querySelector("input[type=file]");
        this.valueInput = this.querySelector("input[type=hidden]");
        this.bar = this.querySelector("progress");
        this.parts = Object.fromEntries(
            ["kept", "progress", "pause", "resume", "cancel", "text", "status", "error"].map(
                (name) => [name, this.querySelector(`.shift-media-upload-${name}`)],
            ),
        );
        this.parts.remove = this.parts.progress.querySelector(REMOVE);
    }

    get isBusy() {
        return Boolean(this.running) || this.state === "paused";
    }

    /* What the app has given for the complete upload. */
    get value() {
        return this.valueInput.value;
    }

    get isEmpty() {
        return !this.value && !this.input.files.length;
    }

    /* The form waits: resolve to whether the upload is complete. */
    async finish() {
        const running = this.running ?? this.start();
        this.isAwaited = true;
        this.quarter = undefined; // screen readers read it
        this.show(this.state);
        const isComplete = await running;
        this.isAwaited = false;
        return isComplete;
    }

    // -- choosing a file --------------------------------------------------------------------

    announceChange() {
        this.input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    async onChange() {
        const [file] = this.input.files;
        this.transfer?.cancel();
        this.transfer = undefined;
        this.running = undefined;
        this.valueInput.value = "";
        this.parts.kept?.remove();
        this.showError("");
        if (file) {
            this.transfer = new Transfer(file, {
                token: this.dataset.token,
                memoryKey: this.dataset.memory,
                post: (step, values, signal) => this.post(step, values, signal),
                report: (state) => this.transfer?.file === file && this.show(state),
            });
            this.nameControls(file.name);
            await this.start();
        } else {
            this.show("idle");
        }
    }

    /* Take the file back, whether it is on its way, complete or refused. */
    cancel() {
        this.input.value = "";
        this.announceChange();
        this.input.focus(); // the button is hidden now
    }

    // -- uploading --------------------------------------------------------------------------

    /* Run the transfer; resolve to whether it is complete. */
    start() {
        const { transfer } = this;
        const end = (action) => (result) => this.transfer === transfer && action(result);
        this.showError("");
        this.show("uploading");
        this.running = transfer.run().then(
            end((result) => this.onComplete(result)),
            end((error) => this.onFailure(error)),
        );
        return this.running;
    }

    onComplete(result) {
        this.running = undefined;
        this.valueInput.value = result.value;
        this.show("done");
        return true;
    }

    onFailure(error) {
        this.running = undefined;
        if (error.name === "AbortError") {
            this.show("paused");
        } else if (["refused", "changed"].includes(error.code)) {
            this.transfer.cancel();
            this.show("refused");
            this.showError(error.message || this.dataset.errorChanged, { isFinal: true });
            this.input.value = ""; // otherwise it is no change to choose the same file again
        } else if (error.code === "expired") {
            this.show("expired");
            this.showError(this.dataset.errorExpired);
        } else {
            this.show("failed");
            this.showError(this.dataset.errorFailed);
        }
        return false;
    }

    async post(step, values, signal) {
        const headers = {
            "Content-Type": "application/json",
            [this.dataset.csrfHeader]: this.form?.elements.csrfmiddlewaretoken?.value ?? "",
        };
        const options = { method: "POST", headers, body: JSON.stringify(values), signal };
        const response = await interruptible(fetch(this.dataset.url + step, options), signal);
        if (!response.ok) {
            const { code, error } = await response.json().catch(() => ({}));
            throw new Failure(response.status, code, error);
        }
        return response.status === 204 ? undefined : interruptible(response.json(), signal);
    }

    // -- what is shown ----------------------------------------------------------------------

    show(state) {
        const isNew = state !== this.state;
        this.state = state;
        this.showControls(state);
        const { transfer } = this;
        const fraction = transfer?.fraction ?? 0;
        this.bar.value = fraction;
        this.parts.text.textContent = this.describe(state, fraction);
        const quarter = Math.floor(4 * fraction);
        if (isNew || quarter !== this.quarter) {
            this.quarter = quarter; // screen readers need not read each percent
            this.parts.status.textContent = this.parts.text.textContent;
        }
        const detail = { state, sent: transfer?.sent ?? 0, size: transfer?.file.size ?? 0 };
        this.dispatchEvent(new CustomEvent("shift-media-upload", { detail, bubbles: true }));
    }

    showControls(state) {
        const { pause, resume, cancel, remove, progress } = this.parts;
        const focused = progress.contains(document.activeElement) && document.activeElement;
        const isOver = ["done", "refused"].includes(state);
        progress.hidden = state === "idle";
        this.bar.hidden = isOver || state === "expired";
        pause.hidden = !["queued", "uploading", "waiting"].includes(state);
        resume.hidden = !["paused", "failed"].includes(state);
        cancel.hidden = isOver;
        remove.hidden = !isOver;
        if (focused?.hidden) {
            [pause, resume, remove, cancel].find((button) => !button.hidden)?.focus();
        }
    }

    /* Tell the controls of several files apart, for people who do not see where they are. */
    nameControls(name) {
        for (const control of this.parts.progress.children) {
            control.dataset.name ??= control.ariaLabel ?? control.textContent;
            control.ariaLabel = `${control.dataset.name}: ${name}`;
        }
    }

    describe(state, fraction) {
        const { rate = 0, sent = 0, file } = this.transfer ?? {};
        const known = rate > 0 ? "uploading" : "beginning";
        const shown = state === "uploading" ? known : state;
        const text = this.dataset[`text${shown[0].toUpperCase()}${shown.slice(1)}`] ?? "";
        const description = text
            .replace("{percent}", () => formatPercent(fraction))
            .replace("{rate}", () => formatRate(1000 * rate))
            .replace("{time}", () => formatTime((file.size - sent) / rate / 1000));
        return this.isAwaited && this.running
            ? `${description.replace(/[^.…]$/, "$&.")} ${this.dataset.textAwaited}`
            : description;
    }

    /* Show an error at the field; a final one keeps the form from being sent with this file. */
    showError(message, { isFinal = false } = {}) {
        const { error } = this.parts;
        error.textContent = message;
        if (!error.id) {
            DirectUpload.count += 1;
            error.id = `shift-media-upload-error-${DirectUpload.count}`;
        }
        this.input.setCustomValidity(isFinal ? message : "");
        this.input.ariaInvalid = message ? "true" : null;
        const described = (this.input.getAttribute("aria-describedby") ?? "").split(" ");
        const ids = new Set([...described, error.id].filter(Boolean));
        this.input.setAttribute("aria-describedby", [...ids].join(" "));
    }

    async showInterrupted() {
        const { memory: memoryKey, textResumable } = this.dataset;
        if (document.querySelector(`shift-media-upload[data-memory="${memoryKey}"]`) !== this) {
            return; // the first row of a formset says it
        }
        const text = await describeInterrupted(memoryKey, textResumable);
        if (!this.transfer) {
            this.parts.text.textContent = text;
        }
    }
}

/* Return a sentence for each interrupted upload of a field. */
async function describeInterrupted(memoryKey, text) {
    const entries = (await memory.all()) ?? [];
    const isOld = ({ time }) => Date.now() - time > REMEMBERED;
    entries.filter(isOld).forEach(({ key }) => memory.delete(key));
    return entries
        .filter((entry) => entry.memoryKey === memoryKey && !isOld(entry))
        .map(({ name }) => text.replace("{name}", () => name))
        .join(" ");
}

/* A field for several files: each has a row, which is the widget for one. */
class DirectUploads extends HTMLElement {
    connectedCallback() {
        if (this.input) {
            return;
        }
        this.input = this.querySelector(".shift-media-uploads-choose input");
        this.isRequired = this.input.required;
        this.rows = this.querySelector(".shift-media-uploads-rows");
        this.text = this.querySelector(".shift-media-uploads-text");
        this.template = this.querySelector("template").content;
        this.input.addEventListener("change", () => this.take(this.input.files));
        listenToFiles(this, (files) => this.take(files));
        this.addEventListener("shift-media-upload", ({ target }) => {
            if (target.isEmpty) {
                target.remove();
                this.input.focus();
            }
            this.input.required = this.isRequired && !this.rows.children.length;
        });
        this.take(this.input.files);
        this.showInterrupted();
    }

    async showInterrupted() {
        const { memory: memoryKey, textResumable } = this.template.firstElementChild.dataset;
        const text = await describeInterrupted(memoryKey, textResumable);
        if (!this.rows.children.length) {
            this.text.textContent = text;
        }
    }

    take(files) {
        for (const file of [...files]) {
            const row = this.template.cloneNode(true);
            choose(row.querySelector("input[type=file]"), file);
            this.rows.append(row);
            this.text.textContent = "";
        }
        this.input.value = "";
    }
}

/* Turn what a browser throws when a connection is cut into a failure that is tried again. */
async function interruptible(promise, signal) {
    try {
        return await promise;
    } catch (error) {
        throw signal?.aborted ? signal.reason : new Failure(0, "", error.message);
    }
}

/* The language of the page; undefined, for that of the browser, if it is not valid, as in "en_US". */
function language() {
    try {
        return Intl.getCanonicalLocales(document.documentElement.lang || [])[0];
    } catch {
        return undefined;
    }
}

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

customElements.define("shift-media-uploads", DirectUploads);
customElements.define("shift-media-upload", DirectUpload);
