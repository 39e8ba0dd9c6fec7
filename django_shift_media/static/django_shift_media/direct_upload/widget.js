/*
 * The widget DirectMediaInput: send a chosen file straight to the storage, in parts.
 *
 * Without these scripts, the form sends the file. With them, the form sends the value that the app
 * gives for the complete upload; if the upload fails, the form sends the file again.
 */

const {
    FormUploads,
    Transfer,
    choose,
    describeInterrupted,
    formatPercent,
    formatRate,
    formatTime,
    listenToFiles,
    postJson,
} = globalThis.shiftMediaDirectUpload;

const REMOVE = ".shift-media-upload-remove";
const WAITING = ["waiting", "busy", "unreachable"];

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
            const { errorBusy, errorFailed, errorUnreachable } = this.dataset;
            const unlessBusy = error.code === "unreachable" ? errorUnreachable : errorFailed;
            this.show("failed");
            this.showError(error.isBusy ? errorBusy : unlessBusy);
        }
        return false;
    }

    post(step, values, signal) {
        const token = this.form?.elements.csrfmiddlewaretoken?.value ?? "";
        const headers = { [this.dataset.csrfHeader]: token };
        return postJson(this.dataset.url + step, values, { headers, signal });
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
        pause.hidden = !["queued", "uploading", ...WAITING].includes(state);
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

customElements.define("shift-media-upload", DirectUpload);
