/* One file on its way: run() until it is complete, pause(), and run() again. */

const { Failure, memory, put, turns, unlessAborted, wait } = globalThis.shiftMediaDirectUpload;

const PARALLEL_PARTS = 3; // of a file
const URLS_AT_ONCE = 20; // they are valid for minutes, so not all at the beginning
const ATTEMPTS = 8; // with these waits, about two minutes
const FIRST_WAIT = 500; // milliseconds, doubled by each attempt
const LONGEST_WAIT = 30_000;
const ROUNDS = 3;
const RATE_WINDOW = 5_000; // milliseconds

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
            const report = (bytes) => this.note(number, bytes);
            await put(url, blob, { signal: this.controller.signal, report });
        } catch (error) {
            this.note(number, 0);
            this.urls.clear(); // they may have expired
            if (error instanceof Failure) {
                await this.checkFile(blob);
                if (error.status === 403 && !isLast) {
                    return this.sendPart(number, blob, { isLast: true });
                }
            }
            throw error.status === 404 ? new Failure(404, { code: "gone" }) : error;
        }
    }

    /* Browsers refuse to read a file that has changed, which looks like a network error. */
    async checkFile(blob) {
        try {
            await blob.slice(0, 1).arrayBuffer();
        } catch {
            throw new Failure(-1, { code: "changed" });
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

    reasonToWait(error, attempt) {
        if (error.isBusy) {
            return "busy";
        }
        // The app has signed another URL since the first attempt, so it is not the connection.
        return error.code === "unreachable" && attempt > 1 ? "unreachable" : "waiting";
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
                this.report(this.reasonToWait(error, attempt));
                const longest = Math.min(FIRST_WAIT * 2 ** attempt, LONGEST_WAIT);
                const most = Math.max(longest * (0.5 + Math.random() / 2), error.retryAfter);
                await wait({ least: error.retryAfter, most }, signal);
            }
        }
    }
}

Object.assign(globalThis.shiftMediaDirectUpload, { Transfer });
